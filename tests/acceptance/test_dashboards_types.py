"""Every board against the types that Grafana publishes (npm @grafana/schema), by TypeScript's own compiler.

`tests/acceptance/peers` installs both. String enums are relaxed to their literals, since JSON has no enums; misspelt keys
and wrong types of boards, panels, their options and their field options are still found, which a last test proves.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboards.boards import BOARDS
from dashboards.languages import SHELF

pytestmark = pytest.mark.acceptance
CACHE = Path(
    os.environ.get("NONGVU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nongvu"
)
MODULES = CACHE / "node" / "node_modules"
#: Grafana's panel type → folder and file of its types.
KINDS = {
    "timeseries": ("timeseries", "TimeSeries"),
    "stat": ("stat", "Stat"),
    "gauge": ("gauge", "Gauge"),
    "table": ("table", "Table"),
    "geomap": ("geomap", "Geomap"),
    "state-timeline": ("statetimeline", "StateTimeline"),
    "barchart": ("barchart", "BarChart"),
    "heatmap": ("heatmap", "Heatmap"),
    "text": ("text", "Text"),
}
TYPES = """
import type { Dashboard, Panel as AnyPanel, FieldConfig, VariableModel, AnnotationQuery } from '@grafana/schema';
type Relaxed<T> = T extends string ? `${T}` : T extends number ? number : T extends boolean ? boolean
  : T extends (infer U)[] ? Relaxed<U>[] : T extends object ? { [K in keyof T]: Relaxed<T[K]> } : T;
type Source = { type: 'grafana-postgresql-datasource'; uid: string };
type Target<F> = { refId: string; datasource: Source; editorMode: 'code'; format: F; rawQuery: true; rawSql: string };
type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type Position = { x: number; y: number; w: number; h: number };
type Panel<Type extends string, Options, Custom> = {
  id: number; type: Type; title: string; description?: string; gridPos: Position; transparent: boolean;
  options: Partial<Relaxed<Options>>; datasource?: Source; targets?: Target<'table' | 'time_series'>[];
  fieldConfig?: {
    defaults: Omit<Relaxed<Known<FieldConfig>>, 'custom' | 'thresholds'>
      & { custom?: Partial<Relaxed<Custom>>; thresholds?: { mode: 'absolute'; steps: { color: string; value?: number }[] } };
    overrides: { matcher: { id: 'byName'; options: string }; properties: { id: string; value: unknown }[] }[];
  };
};
type Row = { id: number; type: 'row'; title: string; collapsed: boolean; panels: []; gridPos: Position };
type Board = Omit<Relaxed<Known<Dashboard>>, 'panels' | 'templating' | 'annotations'> & {
  panels: (Row | __PANELS__)[];
  templating: { list: Relaxed<Known<VariableModel>>[] };
  annotations: { list: (Omit<Relaxed<Known<AnnotationQuery>>, 'target'> & { target: Target<'table'> })[] };
};
export type { Board, AnyPanel };
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    if (
        not (MODULES / "typescript").is_dir()
        or not (MODULES / "@grafana" / "schema").is_dir()
        or not shutil.which("node")
    ):
        pytest.skip("npm packages typescript and @grafana/schema are absent: run tests/acceptance/peers")
    folder = tmp_path_factory.mktemp("types")
    (folder / "node_modules").symlink_to(MODULES)
    imports, union = [], []
    for kind, (place, name) in KINDS.items():
        folders = f"raw/composable/{place}/panelcfg/x"
        found = MODULES / "@grafana" / "schema" / "dist" / "types" / folders / "types.gen.d.ts"
        assert found.is_file(), found
        imports.append(f"import type * as {name} from '@grafana/schema/dist/esm/{folders}/{name}PanelCfg_types.gen';")
        custom = f"{name}.FieldConfig" if "interface FieldConfig" in found.read_text() else "Record<string, never>"
        union.append(f"Panel<'{kind}', {name}.Options, {custom}>")
    (folder / "board.ts").write_text("\n".join(imports) + TYPES.replace("__PANELS__", " | ".join(union)))

    def run(boards):
        lines = ["import type { Board } from './board';"]
        lines += [f"export const b{k}: Board = {json.dumps(board)};" for k, board in enumerate(boards)]
        (folder / "boards.ts").write_text("\n".join(lines))
        return subprocess.run(
            ["node", str(MODULES / "typescript" / "bin" / "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--module", "esnext",
             "--target", "es2022", "--moduleResolution", "bundler", "boards.ts"],
            cwd=folder, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    return run


def test_every_board_has_grafanas_types(check):
    done = check([board.build(language) for board in BOARDS for language in SHELF.codes])
    assert done.returncode == 0, done.stdout[:6000]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("refesh",), "5m"),
        (("graphTooltip",), "shared"),
        (("panels", 1, "options", "legendd"), {}),
        (("panels", 1, "options", "tooltip"), {"mode": "many", "sort": "desc"}),
        (("panels", 1, "fieldConfig", "defaults", "custom", "drawstyle"), "line"),
        (("panels", 1, "fieldConfig", "defaults", "custom", "lineWidth"), "2"),
        (("panels", 1, "type"), "graph"),
        (("templating", "list", 0, "hide"), "no"),
    ],
)
def test_a_mistake_would_be_found(check, where, value):
    board = next(board for board in BOARDS if board.name == "soil_irrigation").build("vi")
    position = next(k for k, panel in enumerate(board["panels"]) if panel["type"] == "timeseries")
    place = board
    *way, last = [position if step == 1 else step for step in where]
    for step in way:
        place = place[step]
    place[last] = value
    done = check([board])
    assert done.returncode != 0, "tsc did not notice"
