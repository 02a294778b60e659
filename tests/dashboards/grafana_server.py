"""A server that keeps Grafana's promises as far as provisioning uses them: state, rights, refusals; nothing else is answered.

Only operations of `tests/golden/grafana_operations.txt` exist; everything else is an error that the test sees. Where
`NONGVU_GRAFANA_URL` is set the tests run against that Grafana instead.
"""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

GOLDEN = Path(__file__).parent.parent / "golden" / "grafana_operations.txt"
TOKEN = "an-administrators-token"


def operations() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Operation → method and pattern of the path."""
    found = {}
    for line in GOLDEN.read_text().splitlines():
        if not line.startswith("#"):
            method, path, name = line.split()
            found[name] = (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"/?\Z"))
    return found


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Grafana:
    """State, and one method an operation."""

    def __init__(self) -> None:
        self.operations = operations()
        self.sources, self.teams, self.folders, self.rights = {}, {}, {}, {}
        self.boards, self.accounts, self.snapshots = {}, {}, {}
        self.calls, self.writes = [], []
        self.token, self.query = TOKEN, lambda sql, source: []
        self.fails: set[str] = set()

    def answer(self, method: str, address: str, token: str | None, body: dict | None):
        parts = urlsplit(address)
        path = parts.path.removeprefix("/api")
        name, found = next(
            (
                (n, m)
                for n, (wanted, pattern) in self.operations.items()
                if method == wanted and (m := pattern.match(path))
            ),
            ("", None),
        )
        if found is None:
            raise Refused(404, f"no such operation: {method} {path}")
        self.calls.append(name)
        if token != f"Bearer {self.token}":
            raise Refused(401, "Invalid API key")
        if name in self.fails:
            raise Refused(500, "database is locked")
        if method != "GET" and name != "queryMetricsWithExpressions":
            self.writes.append(name)
        arguments = {key: values[0] for key, values in parse_qs(parts.query).items()} | found.groupdict()
        return getattr(self, name)(arguments, body)

    def getHealth(self, arguments, body):
        return {"version": "13.0.0", "database": "ok"}

    def getDataSourceByUID(self, arguments, body):
        return self._known(self.sources, arguments["uid"], "Data source not found")

    def addDataSource(self, arguments, body):
        if any(s["name"] == body["name"] for s in self.sources.values()):
            raise Refused(409, "data source with the same name already exists")
        self.sources[body["uid"]] = self._stored({**body, "id": len(self.sources) + 1, "readOnly": False, "version": 1})
        return {"datasource": self.sources[body["uid"]], "message": "Datasource added"}

    def updateDataSourceByUID(self, arguments, body):
        there = self._known(self.sources, arguments["uid"], "Data source not found")
        self.sources[arguments["uid"]] = self._stored({**body, "id": there["id"], "version": there["version"] + 1})
        return {"message": "Datasource updated"}

    @staticmethod
    def _stored(body):
        secrets = body.pop("secureJsonData", {})
        return {**body, "secureJsonFields": dict.fromkeys(secrets, True), "orgId": 1, "basicAuth": False}

    def searchTeams(self, arguments, body):
        teams = list(self.teams.values())
        per_page = int(arguments.get("perpage", 1000))
        page = int(arguments.get("page", 1))
        return {
            "teams": teams[(page - 1) * per_page : page * per_page],
            "totalCount": len(teams),
            "page": page,
            "perPage": per_page,
        }

    def createTeam(self, arguments, body):
        if any(team["name"] == body["name"] for team in self.teams.values()):
            raise Refused(409, "Team name taken")
        number = len(self.teams) + 7
        self.teams[number] = {"id": number, "uid": f"t{number}", "name": body["name"], "memberCount": 0}
        return {"teamId": number, "uid": f"t{number}", "message": "Team created"}

    def getFolderByUID(self, arguments, body):
        return self._known(self.folders, arguments["folder_uid"], "folder not found")

    def createFolder(self, arguments, body):
        if body["uid"] in self.folders:
            raise Refused(412, "the folder has been changed by someone else")
        self.folders[body["uid"]] = {
            "uid": body["uid"],
            "title": body["title"],
            "id": len(self.folders) + 40,
            "version": 1,
        }
        self.rights[body["uid"]] = [{"role": "Viewer", "permission": 1}, {"role": "Editor", "permission": 2}]
        return self.folders[body["uid"]]

    def updateFolder(self, arguments, body):
        folder = self._known(self.folders, arguments["folder_uid"], "folder not found")
        if not body.get("overwrite") and body.get("version") != folder["version"]:
            raise Refused(412, "the folder has been changed by someone else")
        folder |= {"title": body["title"], "version": folder["version"] + 1}
        return folder

    def getFolderPermissionList(self, arguments, body):
        self._known(self.folders, arguments["folder_uid"], "folder not found")
        names = {1: "View", 2: "Edit", 4: "Admin"}
        return [
            {"teamId": 0, "userId": 0, "role": "", "inherited": False, **entry, "permissionName": names[entry["permission"]],
             "team": self.teams[entry["teamId"]]["name"] if entry.get("teamId") else ""}
            for entry in self.rights[arguments["folder_uid"]]
        ]  # fmt: skip

    def updateFolderPermissions(self, arguments, body):
        self._known(self.folders, arguments["folder_uid"], "folder not found")
        for entry in body["items"]:
            if set(entry) - {"teamId", "userId", "role", "permission"} or len(entry) != 2:
                raise Refused(400, f"bad permission {entry}")
            if entry.get("teamId") and entry["teamId"] not in self.teams:
                raise Refused(400, "team not found")
        self.rights[arguments["folder_uid"]] = body["items"]
        return {"message": "Folder permissions updated"}

    def getDashboardByUID(self, arguments, body):
        there = self._known(self.boards, arguments["uid"], "Dashboard not found")
        return {"dashboard": json.loads(json.dumps(there["versions"][-1]["data"])), "meta": {**there["meta"]}}

    def postDashboard(self, arguments, body):
        board, uid = body["dashboard"], body["dashboard"]["uid"]
        if body["folderUid"] not in self.folders:
            raise Refused(400, "folder not found")
        ids = [panel["id"] for panel in board["panels"]]
        if len(set(ids)) != len(ids):
            raise Refused(400, "two panels have one id")
        there = self.boards.setdefault(uid, {"versions": [], "meta": {"provisioned": False}})
        if there["meta"]["provisioned"]:
            raise Refused(400, "Cannot save provisioned dashboard")
        if there["versions"] and not body.get("overwrite"):
            raise Refused(412, "The dashboard has been changed by someone else")
        number = len(there["versions"]) + 1
        there["meta"] |= {"folderUid": body["folderUid"]}
        # Grafana gives a number and its own list of annotations
        data = {**board, "id": 100 + len(self.boards), "version": number}
        builtin = {"builtIn": 1, "name": "Annotations & Alerts", "enable": True, "hide": True, "iconColor": "rgba(0, 211, 255, 1)",
                   "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "type": "dashboard"}  # fmt: skip
        if not any(entry.get("builtIn") for entry in board["annotations"]["list"]):
            data["annotations"] = {"list": [builtin, *board["annotations"]["list"]]}
        there["versions"].append(
            {"version": number, "message": body.get("message", ""), "data": json.loads(json.dumps(data))}
        )
        return {"uid": uid, "status": "success", "version": number}

    def getDashboardVersionsByUID(self, arguments, body):
        there = self._known(self.boards, arguments["uid"], "Dashboard not found")
        return {"versions": [{k: v[k] for k in ("version", "message")} for v in reversed(there["versions"])]}

    def searchOrgServiceAccountsWithPaging(self, arguments, body):
        found = [account for account in self.accounts.values() if arguments.get("query", "") in account["name"]]
        page, per_page = int(arguments.get("page", 1)), int(arguments.get("perpage", 1000))
        return {
            "serviceAccounts": found[(page - 1) * per_page : page * per_page],
            "totalCount": len(found),
            "page": page,
            "perPage": per_page,
        }

    def createServiceAccount(self, arguments, body):
        if body["role"] not in {"Viewer", "Editor", "Admin", "None"}:
            raise Refused(400, "bad role")
        self.accounts[body["name"]] = {"id": len(self.accounts) + 1, **body}
        return self.accounts[body["name"]]

    def getDashboardSnapshot(self, arguments, body):
        return self._known(self.snapshots, arguments["key"], "Dashboard snapshot not found")

    def createDashboardSnapshot(self, arguments, body):
        if body["key"] in self.snapshots:
            raise Refused(500, "Failed to create snapshot: UNIQUE constraint failed")
        self.snapshots[body["key"]] = {
            "dashboard": body["dashboard"],
            "meta": {"isSnapshot": True},
            "expires": body["expires"],
        }
        return {
            "key": body["key"],
            "deleteKey": body["deleteKey"],
            "url": f"http://grafana/dashboard/snapshot/{body['key']}",
        }

    def deleteDashboardSnapshot(self, arguments, body):
        self._known(self.snapshots, arguments["key"], "Dashboard snapshot not found")
        del self.snapshots[arguments["key"]]
        return {"message": "Snapshot deleted"}

    def queryMetricsWithExpressions(self, arguments, body):
        results = {}
        for query in body["queries"]:
            source = self._known(self.sources, query["datasource"]["uid"], "Data source not found")
            start, end = (datetime.fromtimestamp(int(body[name]) / 1000, UTC) for name in ("from", "to"))
            names, rows = self.query(query["rawSql"], source["uid"], start, end)
            fields = [{"name": name, "type": "string"} for name in names]
            results[query["refId"]] = {"status": 200, "frames": [
                {"schema": {"refId": "A", "fields": fields, "meta": {"executedQueryString": query["rawSql"]}},
                 "data": {"values": [[str(row[k]) for row in rows] for k in range(len(names))]}}]}  # fmt: skip
        return {"results": results}

    @staticmethod
    def _known(shelf, key, message):
        if key not in shelf:
            raise Refused(404, message)
        return shelf[key]


class Served:
    """The server, in a thread of its own."""

    def __init__(self, grafana: Grafana) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle_one(self):
                size = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(size)
                try:
                    status, found = 200, grafana.answer(
                        self.command, self.path, self.headers.get("Authorization"),
                        json.loads(raw) if raw and self.headers.get("Content-Type", "").startswith("application/json") else None,
                    )  # fmt: skip
                except Refused as refused:
                    status, found = refused.status, {"message": refused.message}
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = handle_one

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
