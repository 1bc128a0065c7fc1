"""The coordinator's API, as far as it gives models out."""
import hashlib
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

CHUNK = 1 << 20


class EngraftError(Exception):
    """What the coordinator said, or why it could not be asked."""


class Client:
    """`token`: a personal token; without one the environment's ENGRAFT_TOKEN."""

    def __init__(self, url, token=None):
        self.url = url.rstrip("/")
        self._token = token or os.environ.get("ENGRAFT_TOKEN", "")
        if not self._token:
            raise EngraftError("A token is needed: make one in the dashboard, and pass it as token= or in ENGRAFT_TOKEN.")

    def releases(self):
        """Every model, newest first: dictionaries as the API has them (`released` is None for a candidate)."""
        with self._get("/trpc/releases.list") as answer:
            return json.load(answer)["result"]["data"]

    def release(self, name):
        """One of them, by its run ("heart-head.1") or as "name version"."""
        for one in self.releases():
            released = one["released"]
            if name == one["run"] or (released and name == f"{released['name']} {released['version']}"):
                return one
        raise EngraftError(f"There is no model {name}. Client.releases() lists those there are.")

    def download(self, name, folder, withdrawn=False):
        """
        All files of a release but the zip that holds them again; returns the folder. What is there already and whole is kept, and a file
        that was cut off goes on from where it ends. `withdrawn`: also one that was withdrawn.
        """
        release = self.release(name)
        if release["withdrawn"] and not withdrawn:
            raise EngraftError(f"It was withdrawn: {release['withdrawn']['why']} Pass withdrawn=True to have it all the same.")
        for file in release["files"]:
            if file["name"] == "bundle.zip":
                continue
            self._fetch(file, _inside(folder, file["name"]), release["withdrawn"] is not None)
        return Path(folder)

    def _fetch(self, file, path, withdrawn):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and _digest(path) == file["sha256"]:
            return
        part = path.with_name(path.name + ".part")
        for fresh in (False, True):
            if fresh:
                part.unlink(missing_ok=True)
            have = part.stat().st_size if part.exists() else 0
            if have < file["bytes"]:
                address = file["url"] + ("?withdrawn=yes" if withdrawn else "")
                headers = {"Range": f"bytes={have}-", "If-Range": f'"{file["sha256"]}"'} if have else {}
                with self._get(address, headers) as answer, open(part, "ab" if answer.status == 206 else "wb") as out:
                    while chunk := answer.read(CHUNK):
                        out.write(chunk)
            if _digest(part) == file["sha256"]:
                part.replace(path)
                return
        raise EngraftError(f"{file['name']} does not arrive as it was released. Something between here and the coordinator changes it.")

    def _get(self, path, headers=None):
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, path), headers={"authorization": f"Bearer {self._token}", **(headers or {})}
        )
        try:
            return urllib.request.urlopen(request, timeout=600)
        except urllib.error.HTTPError as error:
            raise EngraftError(_said(error)) from error
        except urllib.error.URLError as error:
            raise EngraftError(f"No coordinator answers at {self.url} ({error.reason}).") from error


def _said(error):
    try:
        body = json.loads(error.read())
        return body["error"].get("text") or body["error"]["message"]
    except Exception:  # Whatever stands between here and the coordinator may answer anything.
        return f"The coordinator answered with {error.code}."


def _digest(path):
    hashed = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def _inside(folder, name):
    """A file of the folder; a name that leads out of it is refused."""
    root = Path(folder).resolve()
    path = (root / name).resolve()
    if root not in path.parents:
        raise EngraftError("The coordinator names a file outside of the folder; nothing was downloaded.")
    return path
