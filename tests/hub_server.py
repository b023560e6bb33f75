"""A stand-in for the Hugging Face Hub: as much of its interface as fetching and pushing need."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + 34 * "0"


class Hub(ThreadingHTTPServer):
    """`files` by repository and name; `refuse` is a status to answer everything with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.refuse: int | None = None
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None):
        self.send_response(status)
        headers = {"Content-Length": str(len(content)), **(headers or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def tell(self, content: object, status: int = 200) -> None:
        self.answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        if self.server.refuse:
            return self.answer(self.server.refuse)
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:  # api/models/user/name[/revision/main | /tree/main]
            repository = "/".join(parts[2:4])
            if repository not in self.server.files:
                return self.answer(404, headers={"X-Error-Code": "RepoNotFound"})
            files = self.server.files[repository]
            if "tree" in parts:
                return self.tell(
                    [
                        {"type": "file", "path": n, "size": len(c), "oid": self.oid(c)}
                        for n, c in files.items()
                    ]
                )
            siblings = [{"rfilename": name} for name in files]
            return self.tell({"id": repository, "sha": COMMIT, "siblings": siblings})
        repository, name = "/".join(parts[:2]), "/".join(parts[4:])  # user/name/resolve/main/FILE
        content = self.server.files.get(repository, {}).get(name)
        if content is None:
            return self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
        headers = {"ETag": f'"{self.oid(content)}"', "X-Repo-Commit": COMMIT}
        return self.answer(200, content, headers)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.refuse:
            return self.tell({"error": "not today"}, self.server.refuse)
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[-2:] == ["repos", "create"]:
            asked = json.loads(body)
            repository = "/".join(filter(None, (asked.get("organization"), asked["name"])))
            self.server.files.setdefault(repository, {})
            return self.tell({"url": f"{self.server.address}/{repository}"})
        repository = "/".join(parts[2:4])
        if "preupload" in parts:
            names = [file["path"] for file in json.loads(body)["files"]]
            kinds = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            return self.tell({"files": kinds})
        if "commit" in parts:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    content = base64.b64decode(entry["value"]["content"])
                    self.server.files[repository][entry["value"]["path"]] = content
            address = f"{self.server.address}/{repository}/commit/{COMMIT}"
            return self.tell({"success": True, "commitOid": COMMIT, "commitUrl": address})
        return self.tell({})  # such as validate-yaml

    @staticmethod
    def oid(content: bytes) -> str:
        return hashlib.sha1(content).hexdigest()


@contextmanager
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
