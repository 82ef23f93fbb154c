"""Downloads against a server on loopback that breaks off, lies and sends dangerous archives."""

import hashlib
import io
import lzma
import os
import re
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from filelock import FileLock

from conftest import save_image
from prn_lib.cli import main
from prn_lib.datasets import DATASETS
from prn_lib.datasets.archives import download
from prn_lib.datasets.archives.download import DownloadError
from prn_lib.datasets.dataset import Archive

CONTENT = np.random.default_rng(0).bytes(600_000)


class Server(ThreadingHTTPServer):
    """Serves ``content``; ``faults`` are used up one a request, then it serves honestly."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.faults = []
        self.ranges = []  # what each request asked for
        self.resumable = True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/data.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        fault = server.faults.pop(0) if server.faults else None
        if isinstance(fault, int) and fault >= 400:
            self.send_error(fault)
            return
        start = int(asked[len("bytes=") : -1]) if asked and server.resumable else 0
        if start >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        rest = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            end = len(server.content)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if fault == "drop":
            rest = rest[:200_000]  # and the connection is closed
        elif fault == "drop early":
            rest = rest[:100_000]
        self.wfile.write(rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0)


def archive_at(server, content=None, **changes):
    content = server.content if content is None else content
    sha = hashlib.sha256(content).hexdigest()
    return Archive("data.zip", f"sha256:{sha}", len(content), **{"url": server.url, **changes})


def test_a_good_download_is_kept_and_not_repeated(server, tmp_path):
    archive = archive_at(server)
    path = download.download(archive, tmp_path)
    assert path.read_bytes() == CONTENT
    assert download.download(archive, tmp_path) == path
    assert server.ranges == [None]
    assert os.listdir(tmp_path) == ["data.zip"]


def test_a_dropped_connection_is_taken_up_again_where_it_broke_off(server, tmp_path):
    server.faults = ["drop", 503, "drop"]
    path = download.download(archive_at(server), tmp_path)
    assert path.read_bytes() == CONTENT
    starts = [int(asked[6:-1]) for asked in server.ranges[1:]]
    assert len(starts) == 3
    assert 0 < starts[0] == starts[1] < starts[2] < len(CONTENT)


def test_a_second_call_goes_on_where_the_first_was_stopped(server, tmp_path):
    (tmp_path / "data.zip.part").write_bytes(CONTENT[:250_000])
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges == ["bytes=250000-"]


def test_a_part_that_is_whole_is_used(server, tmp_path):
    (tmp_path / "data.zip.part").write_bytes(CONTENT)
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_everything_again(server, tmp_path):
    server.resumable = False
    (tmp_path / "data.zip.part").write_bytes(b"x" * 250_000)
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path):
    (tmp_path / "data.zip.part").write_bytes(CONTENT + b"x")
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT


def test_a_server_that_neither_resumes_nor_finishes_is_given_up(server, tmp_path):
    server.resumable = False
    server.faults = ["drop", "drop early"] * 100
    with pytest.raises(DownloadError, match="broke off"):
        download.download(archive_at(server), tmp_path)
    assert len(server.ranges) <= download.ATTEMPTS + 1


def test_a_second_process_waits_for_nobody_and_harms_nothing(server, tmp_path):
    with FileLock(tmp_path / "data.zip.part.lock"):
        with pytest.raises(DownloadError, match=r"another process is downloading data\.zip"):
            download.download(archive_at(server), tmp_path)
        assert server.ranges == []
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT


def test_an_archive_that_is_there_already_needs_no_room_of_its_own(server, tmp_path, monkeypatch):
    archive = archive_at(server)
    download.download(archive, tmp_path)
    usage = type("Usage", (), {"free": int(1.3 * len(CONTENT))})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
    assert download.download(archive, tmp_path).read_bytes() == CONTENT


def test_giving_up_keeps_what_came_and_says_how_to_go_on(server, tmp_path):
    server.faults = ["drop"] + [500] * download.ATTEMPTS
    with pytest.raises(
        DownloadError, match=r"broke off .*bytes are kept in .*run the same command"
    ):
        download.download(archive_at(server), tmp_path)
    assert (tmp_path / "data.zip.part").stat().st_size > 100_000
    assert not (tmp_path / "data.zip").exists()
    assert download.download(archive_at(server), tmp_path).read_bytes() == CONTENT


def test_a_truncated_file_is_refused(server, tmp_path):
    whole = archive_at(server)
    server.content = CONTENT[:-1000]  # the server takes it for the whole file
    with pytest.raises(DownloadError, match=r"is not the published one .*was deleted"):
        download.download(whole, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server, tmp_path):
    with pytest.raises(DownloadError, match=r"is not the published one \(its checksum"):
        download.download(archive_at(server, CONTENT[::-1]), tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_wrong_address_is_not_tried_again(server, tmp_path):
    server.faults = [404]
    with pytest.raises(DownloadError, match="404"):
        download.download(archive_at(server), tmp_path)
    assert server.ranges == [None]


def test_no_server_at_all(tmp_path):
    archive = Archive("data.zip", "sha256:00", 10, "http://127.0.0.1:9/data.zip")
    with pytest.raises(DownloadError, match="broke off"):
        download.download(archive, tmp_path)


def test_a_disk_without_room_is_found_before_the_first_byte(server, tmp_path):
    huge = replace(archive_at(server), size=10**18)
    with pytest.raises(DownloadError, match=r"GB free, but .* GB more are needed; make room"):
        download.download(huge, tmp_path)
    assert server.ranges == []


# --- the whole command: acceptance, download, unpacking ---


def product_files(folder):
    """A tiny DTD: what an archive of it must unpack to."""
    for i in range(3):
        save_image(folder / f"images/dotted/dotted_{i:04d}.jpg", i, side=20)


def zip_of(folder, extra=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.jpg")):
            archive.write(path, path.relative_to(folder.parent))
        for name in extra:
            archive.writestr(name, "evil")
    return buffer.getvalue()


def zip_with_link(folder):
    buffer = io.BytesIO(zip_of(folder))
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("dtd/images/link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc")
    return buffer.getvalue()


def tar_of(folder, extra=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, folder.name)
        for member in extra:
            archive.addfile(member, io.BytesIO(b"evil") if member.isreg() else None)
    return buffer.getvalue()


def escaping_file(name):
    member = tarfile.TarInfo(name)
    member.size = 4
    return member


def link(target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo("dtd/images/link")
    member.type, member.linkname = kind, target
    return member


def device():
    member = tarfile.TarInfo("dtd/device")
    member.type = tarfile.CHRTYPE
    return member


@pytest.fixture
def dtd(tmp_path):
    folder = tmp_path / "source" / "dtd"
    product_files(folder)
    return folder


@pytest.fixture
def get(server, tmp_path, monkeypatch):
    """Runs ``get --dataset dtd`` against the server; returns the exit status."""

    def run(content, *options, accept=True):
        server.content = content
        entry = replace(DATASETS["dtd"], archive=archive_at(server))
        monkeypatch.setitem(DATASETS, "dtd", entry)
        command = ["get", "--dataset", "dtd", "--root", str(tmp_path / "data" / "dtd"), *options]
        return main(["data", *command, *(["--accept-licence"] if accept else [])])

    return run


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_get_downloads_unpacks_and_leaves_nothing_else(get, dtd, tmp_path, capsys, pack):
    assert get(pack(dtd)) == 0
    root = tmp_path / "data" / "dtd"
    made = sorted(p.relative_to(root) for p in root.rglob("*.jpg"))
    assert made == sorted(p.relative_to(dtd) for p in dtd.rglob("*.jpg"))
    assert os.listdir(root.parent) == ["dtd"]
    assert "ready in" in capsys.readouterr().out
    assert get(pack(dtd)) == 0
    assert "is already in" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["no", "y", "", None])
def test_nothing_is_asked_of_the_server_before_acceptance(
    get, dtd, server, monkeypatch, capsys, tmp_path, answer
):
    def reply(_):
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", reply)
    assert get(zip_of(dtd), accept=False) == 1
    assert server.ranges == []
    out = capsys.readouterr().out
    assert "for research purposes only" in out
    assert " MB" in out
    assert "nothing was downloaded" in out
    assert not (tmp_path / "data").exists()
    monkeypatch.setattr("builtins.input", lambda _: " Yes ")
    assert get(zip_of(dtd), accept=False) == 0


@pytest.mark.parametrize(
    "dangerous",
    [
        lambda folder: zip_of(folder, ["../../escaped.txt"]),
        lambda folder: zip_of(folder, ["/escaped-from-zip.txt"]),
        zip_with_link,
        lambda folder: tar_of(folder, [escaping_file("../../escaped.txt")]),
        lambda folder: tar_of(folder, [link("/etc/passwd")]),
        lambda folder: tar_of(folder, [link("../../../source")]),
        lambda folder: tar_of(folder, [link("../../../source/dtd", tarfile.LNKTYPE)]),
        lambda folder: tar_of(folder, [device()]),
    ],
)
def test_an_archive_that_tries_to_escape_is_refused(get, dtd, tmp_path, capsys, dangerous):
    before = sorted(tmp_path.rglob("*"))
    assert get(dangerous(dtd)) == 1
    error = capsys.readouterr().err
    assert "tries to write outside of its folder" in error
    assert len(error.strip().splitlines()[-1].split("error: ")) == 2
    after = [p for p in sorted(tmp_path.rglob("*")) if p not in before]
    assert {p.relative_to(tmp_path).as_posix() for p in after} <= {"data", "data/data.zip"}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda folder: tar_of(folder)[:300], "is damaged"),
        (lambda folder: lzma.compress(b"no tar"), "is damaged"),
        (lambda folder: zip_of(folder / "images" / "dotted"), "does not hold Describable Textures"),
        (lambda folder: b"junk" * 100, "is damaged"),
    ],
)
def test_a_damaged_or_strange_archive_is_named(get, dtd, tmp_path, capsys, broken, message):
    assert get(broken(dtd)) == 1
    assert message in capsys.readouterr().err
    assert os.listdir(tmp_path / "data") == ["data.zip"]


def test_an_archive_got_by_hand_is_verified_then_unpacked(get, dtd, tmp_path, capsys):
    content = tar_of(dtd)
    given = tmp_path / "by-hand.tar.gz"
    given.write_bytes(content[:-1])
    assert get(content, "--archive", str(given)) == 1
    assert "is not the published data.zip" in capsys.readouterr().err
    given.write_bytes(content)
    assert get(content, "--archive", str(given)) == 0
    assert given.exists()
    assert (tmp_path / "data/dtd/images/dotted").is_dir()
    assert get(content, "--archive", str(tmp_path / "none")) == 0  # it is there already


def test_stopping_is_no_error_and_an_empty_root_is_used(get, dtd, tmp_path, capsys, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    (tmp_path / "data" / "dtd").mkdir(parents=True)
    monkeypatch.setattr("builtins.input", stop)
    assert get(zip_of(dtd), accept=False) == 130
    assert "stopped; give the same command again to go on" in capsys.readouterr().err
    assert get(zip_of(dtd)) == 0
    assert (tmp_path / "data/dtd/images/dotted").is_dir()


def test_an_archive_of_which_no_checksum_is_known_is_not_taken(tmp_path, capsys):
    command = ["get", "--dataset", "dagm", "--root", str(tmp_path / "x"), "--archive", "y.zip"]
    assert main(["data", *command]) == 2
    assert "no checksum of an archive of dagm is known" in capsys.readouterr().err


def test_printed_commands_can_be_pasted(tmp_path, capsys):
    root = tmp_path / "my data"
    main(["data", "get", "--dataset", "magnetic_tile", "--root", str(root)])
    assert f"git -C '{root}' checkout" in capsys.readouterr().out


def test_a_root_in_use_is_left_alone(get, dtd, tmp_path, capsys, server):
    (tmp_path / "data" / "dtd").mkdir(parents=True)
    (tmp_path / "data" / "dtd" / "mine.txt").write_text("mine")
    assert get(zip_of(dtd)) == 1
    assert "exists and is not Describable Textures" in capsys.readouterr().err
    assert server.ranges == []
    assert (tmp_path / "data/dtd/mine.txt").read_text() == "mine"


@pytest.mark.parametrize("dataset", ["mvtec", "dagm", "magnetic_tile", "folder"])
def test_where_a_person_must_act_the_steps_are_printed(dataset, tmp_path, capsys):
    root = tmp_path / "there"
    assert main(["data", "get", "--dataset", dataset, "--root", str(root)]) == 1
    out = capsys.readouterr().out
    assert "1. " in out
    assert f"check --dataset {dataset} --root {root}" in out
    assert "{root}" not in out
    assert not root.exists()


def test_check_and_list_from_the_command_line(product_root, tmp_path, capsys):
    assert main(["data", "list"]) == 0
    assert re.search(r"mvtec +15 +4096 +1258 +CC BY-NC-SA 4.0", capsys.readouterr().out)
    command = ["check", "--dataset", "mvtec", "--root", str(product_root)]
    assert main(["data", *command]) == 0  # a product of one's own in MVTec's layout
    out = capsys.readouterr().out
    assert "plate" in out
    assert "published" not in out
    (product_root / "plate/test/cut/000.png").unlink()
    assert main(["data", *command]) == 1
    assert "1 trouble must be mended" in capsys.readouterr().out
    assert main(["data", "check", "--dataset", "mini"]) == 0
    assert "no trouble found" in capsys.readouterr().out
    assert main(["data", "check", "--dataset", "btad", "--root", str(tmp_path)]) == 2
    assert "error: no btad category found" in capsys.readouterr().err
    assert main(["data", "check", "--dataset", "nope"]) == 2
    assert "known: mini" in capsys.readouterr().err
