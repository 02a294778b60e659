"""Analytics as a process, started and stopped as ingest is."""

import subprocess
import sys
import uuid

from tests.ingest.field import Worker


class Analytics(Worker):
    """`nongvu analytics run` as a process."""

    def __init__(self, database, broker, folder, **settings):
        super().__init__(database, broker, folder, **settings)
        self.log = folder / f"analytics-{uuid.uuid4().hex[:6]}.log"

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nongvu", "analytics", "run"], env=self.environment, stderr=log
            )
        return self
