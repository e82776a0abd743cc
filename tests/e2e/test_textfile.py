# SPDX-License-Identifier: Apache-2.0
"""How the file gets there: whole or not at all, and never over the wrong one."""

import errno
import os
import re
import stat

import pytest
from support import gallery as at
from support import hostile
from support.exporter import promtool_findings
from support.exposition import Exposition
from support.inotify import Watch
from support.program import FAILED, LOCKED, OK, USAGE
from support.requirements import require, require_root

LOCK = ".certificate_expiry_monitor.lock"
OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"


@pytest.fixture
def selection(monitor, gallery):
    """Options of a run that is quick and good."""
    return (*monitor.selection({"pod": at.MAIN}, [at.VALID]),
            "--port", str(gallery.port))


@pytest.fixture
def place(tmp_path):
    """A directory with the file of an earlier run."""
    directory = tmp_path / "place"
    directory.mkdir()
    (directory / "cem.prom").write_text(OLD)
    return directory


def names_in(directory):
    """What is in it beside the lock, which stays."""
    return sorted(set(os.listdir(directory)) - {LOCK})


def is_new(path):
    return Exposition(path.read_text()).value("run_success") == 1


def test_file_is_replaced_not_rewritten(program, selection, place):
    path = place / "cem.prom"
    with open(path, encoding="utf-8") as reader:
        before = os.fstat(reader.fileno()).st_ino
        result = program.run(*selection, "--output", path)
        assert reader.read() == OLD, "a reader saw its file change"
    assert result.status == OK
    assert is_new(path)
    assert path.stat().st_ino != before
    assert names_in(place) == ["cem.prom"]


def test_file_that_was_not_there(program, selection, place):
    path = place / "new.prom"
    assert program.run(*selection, "--output", path).status == OK
    assert is_new(path)
    assert names_in(place) == ["cem.prom", "new.prom"]


@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_node_exporter_may_read_it(program, selection, place, umask):
    """It runs as another user, whatever the umask of a timer or of cron."""
    path = place / "cem.prom"
    program.run(*selection, "--output", path, wrapper=[
        "sh", "-c", f'umask {umask}; exec "$@"', "sh"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_temporary_name_is_not_one_that_is_read(program, selection, place):
    with Watch(place) as watch:
        program.run(*selection, "--output", place / "cem.prom")
        created, moved = watch.events()
    assert moved == ["cem.prom"]
    assert not [name for name in created if name.endswith(".prom")]


def test_symbolic_link_stays_one(program, selection, place, tmp_path):
    link = tmp_path / "link.prom"
    link.symlink_to(place / "cem.prom")
    assert program.run(*selection, "--output", link).status == OK
    assert link.is_symlink()
    assert is_new(place / "cem.prom")
    assert not (place / "cem.prom").is_symlink()


def test_relative_path(program, selection, place):
    """Of the working directory, which is the tests' temporary one."""
    assert program.run(*selection, "--output", "place/cem.prom").status == OK
    assert is_new(place / "cem.prom")
    assert program.run(*selection, "--output", "bare.prom").status == OK
    assert is_new(place.parent / "bare.prom")


# What is not a regular file

def make_device(path):
    # Not /dev/null itself: a program that fails here, as root, replaces it.
    require_root()
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


NOT_FILES = {"device": make_device, "fifo": os.mkfifo, "directory": os.mkdir}


@pytest.mark.parametrize("kind", NOT_FILES)
def test_only_a_regular_file_is_replaced(program, selection, tmp_path, kind):
    path = tmp_path / "special"
    NOT_FILES[kind](path)
    before = path.stat()
    result = program.run(*selection, "--output", path)
    assert result.status in (FAILED, USAGE)
    assert str(path) in result.error
    if kind != "directory":
        # Whoever says /dev/stdout or /dev/null means this.
        assert re.search(r"""(^|[\s'"`(=])-($|[\s'"`,.;:)])""", result.error)
    after = path.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


# Directories that cannot be written

def in_mount_namespace(script):
    """A wrapper; the script ends by running what it is given as "$@"."""
    require_root()
    return ["unshare", "-m", "sh", "-ec", script, "sh"]


def test_directory_that_is_not_there(program, selection, tmp_path):
    path = tmp_path / "nosuch" / "cem.prom"
    result = program.run(*selection, "--output", path)
    assert result.status == FAILED
    assert "nosuch" in result.error


def test_read_only_file_system(program, selection, place):
    path = place / "cem.prom"
    result = program.run(*selection, "--output", path,
                         wrapper=in_mount_namespace(
                             f'mount --bind {place} {place}; '
                             f'mount -o remount,ro,bind {place}; exec "$@"'))
    assert result.status == FAILED
    assert str(place) in result.error
    assert path.read_text() == OLD
    assert names_in(place) == ["cem.prom"]


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_directory_of_another_user(program, selection, place, mode):
    """Root without capabilities is nobody special there: a usual unit."""
    require_root()
    require("setpriv")
    os.chown(place, 65534, 65534)
    place.chmod(mode)
    result = program.run(
        *selection, "--output", place / "cem.prom",
        wrapper=["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"])
    assert result.status == FAILED
    assert str(place) in result.error
    assert os.strerror(errno.EACCES) in result.error
    assert (place / "cem.prom").read_text() == OLD
    assert names_in(place) == ["cem.prom"]


@pytest.mark.parametrize("room", [0, 4096])
def test_full_file_system(program, selection, place, tmp_path, room):
    """There is room for nothing, or for a part."""
    kept = tmp_path / "kept"
    kept.mkdir()
    script = (f"mount -t tmpfs -o size=64k tmpfs {place}; "
              f"echo old > {place}/cem.prom; "
              f"cat /dev/zero > {place}/filler 2>/dev/null || :; "
              f"truncate -s -{room} {place}/filler; "
              f'status=0; "$@" || status=$?; rm {place}/filler; '
              f"cp -a {place}/. {kept}; exit $status")
    result = program.run(*selection, "--output", place / "cem.prom",
                         wrapper=in_mount_namespace(script))
    assert result.status == FAILED
    assert str(place) in result.error
    assert os.strerror(errno.ENOSPC) in result.error
    assert names_in(kept) == ["cem.prom"]
    assert (kept / "cem.prom").read_text() == "old\n"


def test_file_that_is_a_mount_of_its_own(program, selection, place):
    """As with a file bind-mounted into a container: mount the directory."""
    path = place / "cem.prom"
    other = place / "other"
    other.write_text(OLD)
    result = program.run(*selection, "--output", path,
                         wrapper=in_mount_namespace(
                             f'mount --bind {other} {path}; exec "$@"'))
    assert result.status == FAILED
    assert str(path) in result.error
    assert "director" in result.error and "mount" in result.error
    assert path.read_text() == other.read_text() == OLD
    assert names_in(place) == ["cem.prom", "other"]


# One run at a time

@pytest.fixture
def held(monitor, place):
    """A run that hangs on a silent pod, as long as the test wants."""
    with hostile.Listener(hostile.silent) as listener:
        def start(output=place / "cem.prom"):
            seen = listener.connections
            process = monitor.program.start(
                *monitor.selection({"silent": listener.address}, [at.VALID]),
                "--port", str(listener.port), "--timeout", "100s",
                "--deadline", "200s", "--output", output)
            listener.wait_for_connection(seen + 1)
            return process
        yield start


def test_second_run_goes_away(program, held, selection, place):
    held()
    result = program.run(*selection, "--output", place / "cem.prom")
    assert result.status == LOCKED
    assert str(place) in result.error
    assert (place / "cem.prom").read_text() == OLD


def test_lock_is_the_directorys(program, held, selection, place):
    """Two files in one directory would hide each other's series."""
    held()
    result = program.run(*selection, "--output", place / "another.prom")
    assert result.status == LOCKED
    assert not (place / "another.prom").exists()


def test_other_directory_is_not_locked(program, held, selection, tmp_path):
    """The state file is another matter: it has a lock of its own."""
    held()
    assert program.run(*selection, "--output", tmp_path / "cem.prom",
                       "--state-file", tmp_path / "another.json").status == OK


def test_state_file_is_locked(program, held, selection, tmp_path):
    held()
    result = program.run(*selection, "--output", tmp_path / "cem.prom")
    assert result.status == LOCKED
    assert "state.json" in result.error
    assert not (tmp_path / "cem.prom").exists()


def test_lock_goes_with_its_holder(program, held, selection, place):
    process = held()
    process.kill()
    process.wait()
    result = program.run(*selection, "--output", place / "cem.prom")
    assert result.status == OK
    assert names_in(place) == ["cem.prom"]


# No file

def test_standard_output(program, selection, place):
    result = program.run(*selection, "--output", "-")
    assert result.status == OK
    assert not result.stderr
    assert Exposition(result.stdout).status(pod="pod") == "valid"
    assert promtool_findings(result.stdout) == ""


def test_standard_output_that_is_closed(program, selection):
    """What is opened in its place takes nothing."""
    result = program.run(*selection, "--output", "-", wrapper=[
        "sh", "-c", 'exec "$@" >&-', "sh"])
    assert result.status == FAILED
    assert os.strerror(errno.EBADF) in result.error


def test_standard_output_that_is_full(program, selection):
    with open("/dev/full", "wb") as full:
        process = program.start(*selection, "--output", "-", stdout=full)
        result = program.finish(process)
    assert result.status == FAILED
    assert result.error


def test_no_output(program, selection, place):
    result = program.run(*selection, "--output", "none")
    assert (result.status, result.stdout, result.stderr) == (OK, "", "")
    assert names_in(place) == ["cem.prom"]
