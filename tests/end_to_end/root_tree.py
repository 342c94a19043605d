"""Folders and image layers as tables of paths, to be compared entry by entry."""

import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
from pathlib import Path

# Mode, and what there is: a file's size and sha256, or a link's text.
Entry = tuple[str, ...]


def tree_of(root: Path) -> dict[str, Entry]:
    """What lies below a folder."""
    tree: dict[str, Entry] = {}
    for place, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(place) / name
            status = path.lstat()
            entry: Entry = (stat.filemode(status.st_mode),)
            if path.is_symlink():
                entry = ("link", os.readlink(path))
            elif path.is_file():
                data = path.read_bytes()
                entry += (str(len(data)), hashlib.sha256(data).hexdigest())
            tree[str(path.relative_to(root))] = entry
    return tree


class Layout:
    """An OCI layout of one image, read by Python alone. Every digest is checked on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
        (self.descriptor,) = json.loads((folder / "index.json").read_text())["manifests"]
        self.manifest = json.loads(self.blob(self.descriptor))
        self.config = json.loads(self.blob(self.manifest["config"]))

    @property
    def digest(self) -> str:
        """The image's digest."""
        return self.descriptor["digest"]

    def blob(self, descriptor: dict) -> bytes:
        """The bytes that a descriptor names."""
        data = (self.folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        assert len(data) == descriptor["size"], descriptor
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"], descriptor
        return data

    def tars(self) -> list[bytes]:
        """The layers from the bottom up, unpacked from gzip, checked against their diff ids."""
        tars = []
        for descriptor, diff_id in zip(self.manifest["layers"], self.config["rootfs"]["diff_ids"], strict=True):
            data = self.blob(descriptor)
            if descriptor["mediaType"].endswith("+gzip"):
                data = gzip.decompress(data)
            assert "sha256:" + hashlib.sha256(data).hexdigest() == diff_id, descriptor
            tars.append(data)
        return tars


def members_of(tar: bytes) -> list[tarfile.TarInfo]:
    """The members of a layer."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return archive.getmembers()


def tree_of_layers(tars: list[bytes]) -> dict[str, Entry]:
    """What layers without whiteouts, laid over each other, hold."""
    tree: dict[str, Entry] = {}
    for tar in tars:
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            for member in archive:
                if member.issym():
                    tree[member.name] = ("link", member.linkname)
                elif member.isdir():
                    tree[member.name] = (stat.filemode(stat.S_IFDIR | member.mode),)
                elif member.islnk():
                    tree[member.name] = tree[member.linkname]
                else:
                    content = archive.extractfile(member)
                    assert member.isfile() and content is not None, member.name
                    data = content.read()
                    tree[member.name] = (stat.filemode(stat.S_IFREG | member.mode), str(len(data)), hashlib.sha256(data).hexdigest())
    return tree


def differences(a: dict[str, Entry], b: dict[str, Entry]) -> list[str]:
    """One line for each path that is not the same in both."""
    return [f"{path}: {a.get(path)} {b.get(path)}" for path in sorted(a.keys() | b.keys()) if a.get(path) != b.get(path)]
