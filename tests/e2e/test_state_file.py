# SPDX-License-Identifier: Apache-2.0
"""The file between runs: where it is, who may read it, when it is written,
and that a run does without it."""

import errno
import json
import os
import stat

import pytest
from support import gallery as at
from support import hostile, jobs
from support.kube import ADMIN
from support.pods import pod
from support.processes import eventually, stop
from support.program import FAILED, LOCKED, OK
from support.requirements import require, require_root


@pytest.fixture
def config(kube, gate, tmp_path):
    """A kubeconfig that leads through the gate."""
    return kube.kubeconfig(tmp_path / "kubeconfig",
                           cluster={"server": gate.url})


@pytest.fixture(scope="module")
def space(kube):
    namespace = kube.create_namespace()
    kube.create_pod(pod("proxy", at.POOL[0], namespace=namespace))
    return namespace


@pytest.fixture
def selection(config, gallery, space):
    return ("--kubeconfig", config, "--namespaces", space, "--port",
            str(gallery.port), "--domains", at.VALID)


@pytest.fixture
def state(program):
    """Where it is by default, as systemd says it."""
    return program.state / "state.json"


def remembers(monitor, gate, selection, *args):
    """Whether a run without the API still knows the pod."""
    gate.shut()
    result = monitor.run(*selection, *args)
    assert result.status == FAILED
    gate.open()
    return monitor.metrics().probed() == {"proxy"}


# --- Where, and for whom -----------------------------------------------------

@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_only_its_owner_may_read_it(monitor, selection, state, umask):
    for _ in range(2):
        result = monitor.run(*selection, wrapper=[
            "sh", "-c", f'umask {umask}; exec "$@"', "sh"])
        assert result.status == OK, result
        assert not result.stderr
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert [name for name in os.listdir(state.parent)
            if not name.startswith(".")] == ["state.json"]


def test_no_secret_is_in_it(monitor, selection, state):
    assert monitor.run(*selection).status == OK
    assert ADMIN not in state.read_text()


def test_one_object_to_a_line(monitor, selection, state):
    """It is read line by line, whatever its size."""
    assert monitor.run(*selection).status == OK
    text = state.read_text()
    assert text.endswith("\n")
    for line in text.splitlines():
        assert isinstance(json.loads(line), dict)


def test_file_of_an_option(monitor, gate, selection, state, tmp_path):
    other = tmp_path / "other.json"
    assert monitor.run(*selection, "--state-file", other).status == OK
    assert other.exists() and not state.exists()
    assert remembers(monitor, gate, selection, "--state-file", other)


def test_file_of_the_configuration(monitor, config, gallery, space, state,
                                   tmp_path):
    named, option = tmp_path / "named.json", tmp_path / "option.json"
    job = {"namespaces": [space], "port": gallery.port, "domains": [at.VALID]}
    keys = {"state_file": str(named)}
    jobs.measure(monitor, config, job, keys=keys)
    assert named.exists() and not state.exists()
    jobs.measure(monitor, config, job, "--state-file", option, keys=keys)
    assert option.exists()


@pytest.mark.parametrize("how", ["option", "key"])
def test_none_keeps_nothing(monitor, gate, config, selection, gallery, space,
                            state, how):
    if how == "option":
        selection = (*selection, "--state-file=none")
    else:
        selection = ("--config", jobs.write(monitor, {"edge": {
            "namespaces": [space], "port": gallery.port,
            "domains": [at.VALID]}}, config, state_file="none"))
    assert monitor.run(*selection).status == OK
    assert not remembers(monitor, gate, selection)
    assert not state.exists()
    assert not (monitor.program.home / "none").exists()


def test_none_does_not_read_one_either(monitor, gate, selection):
    assert monitor.run(*selection).status == OK
    assert not remembers(monitor, gate, selection, "--state-file=none")


# --- When it is written ------------------------------------------------------

def test_trying_by_hand_takes_nothing_from_the_timer(monitor, selection,
                                                     state):
    """Not even where a file is named for what comes out: the state is that of
    other jobs."""
    assert monitor.run(*selection).status == OK
    before = state.read_text()
    shown = monitor.program.run_on_terminal(*selection, "--output",
                                            monitor.output)
    assert shown.status == OK
    assert state.read_text() == before
    other = state.with_name("other.json")
    shown = monitor.program.run_on_terminal(
        *selection, "--output", monitor.output, "--state-file", other)
    assert shown.status == OK
    assert other.exists()


@pytest.mark.parametrize("how", [["--output", "-"], ["--output", "none"],
                                 ["--list-targets"], ["--check-config"]])
def test_only_a_run_that_replaces_a_file_writes_it(program, selection, state,
                                                   how):
    assert program.run(*selection, *how).status == OK
    assert not state.exists()


def test_trying_by_hand_does_not_write_it(program, selection, state):
    shown = program.run_on_terminal(*selection)
    assert shown.status == OK, shown
    assert not state.exists()


def test_it_is_read_all_the_same(monitor, gate, selection, state):
    assert monitor.run(*selection).status == OK
    before = state.read_bytes()
    gate.shut()
    result = monitor.program.run(*selection, "--output", "-")
    assert result.status == FAILED
    assert 'pod="proxy"' in result.stdout
    assert state.read_bytes() == before


def test_one_run_at_a_time(monitor, program, selection):
    """Two that wrote it would each lose what the other had learnt."""
    with hostile.Listener(hostile.silent) as listener:
        pods = [pod("slow", listener.address)]
        first = program.start(
            *monitor.selection(pods, [at.VALID]), "--port",
            str(listener.port), "--output", monitor.directory / "first.prom")
        eventually(lambda: listener.connections, "the first run at work")
        second = monitor.run(*selection)
        assert second.status == LOCKED, second
        shown = program.run(*selection, "--list-targets")
        assert shown.status == OK, shown
        elsewhere = monitor.directory / "elsewhere.json"
        assert monitor.run(*selection, "--state-file",
                           elsewhere).status == OK
        stop(first)


# --- What is wrong with it ---------------------------------------------------

def newer_version(text):
    first, rest = text.split("\n", 1)
    header = json.loads(first)
    key, = [key for key in header if "version" in key]
    header[key] += 1
    return json.dumps(header) + "\n" + rest


DAMAGES = {
    "empty": lambda text: "",
    "not JSON": lambda text: "nothing like it\n",
    "binary": lambda text: "\0\1\2\xff" * 100,
    "cut off": lambda text: text[:-5],
    "first line missing": lambda text: text.split("\n", 1)[1],
    "another document": lambda text: '{"kind":"List","items":[]}\n',
    "newer version": newer_version,
    "nested without end": lambda text: '{"a":' * 100000 + "\n",
    "a line without end": lambda text: text + '{"a":"' + "x" * (64 << 20),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_file(monitor, selection, state, name):
    """A line says so, and the run goes on. The next has a good file again,
    unless this one was a newer program's, who may want it back."""
    assert monitor.run(*selection).status == OK
    state.write_text(DAMAGES[name](state.read_text()), encoding="latin-1")
    result = monitor.run(*selection)
    assert result.status == OK, result
    assert str(state) in result.error
    assert monitor.metrics().status(pod="proxy") == "valid"
    if name != "newer version":
        assert not monitor.run(*selection).stderr


def test_damaged_file_without_an_api(monitor, gate, selection, state):
    assert monitor.run(*selection).status == OK
    state.write_text("nothing like it\n")
    assert not remembers(monitor, gate, selection)
    assert monitor.metrics().value("run_success") == 0


def test_first_run_is_silent(monitor, selection, state):
    assert not state.exists()
    assert not monitor.run(*selection).stderr


def test_directory_that_is_not_there(monitor, selection, tmp_path):
    path = tmp_path / "nosuch" / "state.json"
    result = check_cannot_be_written(monitor, selection, path)
    assert result.error


def test_directory_in_its_place(monitor, selection, tmp_path):
    path = tmp_path / "state.json"
    path.mkdir()
    check_cannot_be_written(monitor, selection, path)
    assert path.is_dir()


def test_read_only_file_system(monitor, selection, state):
    require_root()
    place = state.parent
    result = check_cannot_be_written(monitor, selection, state, wrapper=[
        "unshare", "-m", "sh", "-ec",
        f'mount --bind {place} {place}; '
        f'mount -o remount,ro,bind {place}; exec "$@"', "sh"])
    assert result.error


def test_directory_of_another_user(monitor, selection, state):
    """Root without capabilities is nobody special there: a usual unit."""
    require_root()
    assert monitor.run(*selection).status == OK
    before = state.read_bytes()
    os.chown(state.parent, 65534, 65534)
    result = check_cannot_be_written(monitor, selection, state, wrapper=[
        require("setpriv"), "--bounding-set=-all", "--inh-caps=-all", "--"])
    assert os.strerror(errno.EACCES) in result.error
    assert state.read_bytes() == before


def test_full_file_system(monitor, selection, state, tmp_path):
    require_root()
    assert monitor.run(*selection).status == OK
    before = state.read_bytes()
    place, kept = state.parent, tmp_path / "kept"
    kept.mkdir()
    result = check_cannot_be_written(monitor, selection, state, wrapper=[
        "unshare", "-m", "sh", "-ec",
        f"cp {state} {kept}; mount -t tmpfs -o size=64k tmpfs {place}; "
        f"mv {kept}/state.json {place}; "
        f"cat /dev/zero >{place}/filler 2>/dev/null || :; "
        f'status=0; "$@" || status=$?; rm {place}/filler; '
        f"cp -a {place}/. {kept}; exit $status", "sh"])
    assert os.strerror(errno.ENOSPC) in result.error
    assert (kept / "state.json").read_bytes() == before
    assert sorted(os.listdir(kept)) == [".state.json.lock", "state.json"]


def check_cannot_be_written(monitor, selection, path, **how):
    """The certificates are what matters: they are probed and told."""
    result = monitor.run(*selection, "--state-file", path, **how)
    assert result.status == OK, result
    assert str(path) in result.stderr or str(path.parent) in result.stderr
    metrics = monitor.metrics()
    assert metrics.status(pod="proxy") == "valid"
    assert metrics.value("run_success") == 1
    return result
