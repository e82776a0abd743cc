# SPDX-License-Identifier: Apache-2.0
"""System calls fail, each in turn: the old file stays or a whole new one is
there, the exit status is honest, and one line names the culprit and the cause.
"""

import errno
import itertools
import os
import re

import pytest
from support import gallery as at
from support.program import FAILED, OK, USAGE
from support.scene import Scene
from support.strace import Call

DEAD = "127.81.99.99"
FIRST_POLL = Call("poll", 1, "", False)


@pytest.fixture
def scene(monitor, gallery, tmp_path):
    """All files that a run may read are there, and a pair of each kind."""
    pods = {"good": at.MAIN, "alarmed": at.REJECTS, "dead": DEAD}
    config = monitor.write("cem.yaml", "concurrency: 8\n")
    return Scene(monitor.program, tmp_path,
                 *monitor.selection(pods, [at.VALID, at.EXPIRED]),
                 "--port", gallery.port, "--ca-file", gallery.root.cert,
                 "--config", config)


def cause(error):
    return os.strerror(getattr(errno, error))


# --- How a file is replaced --------------------------------------------------

#: What is done to a file, in this order, and a way in which each may fail.
STEPS = {"openat": "EMFILE", "write": "ENOSPC", "fchmod": "EPERM",
         "fsync": "EIO", "close": "EIO", "renameat": "EIO"}


def replacement(calls, path):
    """The calls that put a new file at path: to the temporary file, and the
    fsync of the directory."""
    temporary = f".{path.name}.tmp"
    end = next(index for index, call in enumerate(calls)
               if call.name == "renameat" and temporary in call.args)
    begin = max(index for index, call in enumerate(calls[:end])
                if call.name == "openat" and temporary in call.args)
    return [*(call for call in calls[begin:end + 1] if temporary in call.args),
            calls[end + 1]]


@pytest.mark.parametrize("which", ["output", "state"])
def test_nothing_is_replaced_before_all_is_on_the_disk(scene, strace, which):
    calls = replacement(scene.recorded(strace), getattr(scene, which))
    # Of several writes one after the other, one is as good as all.
    steps = [name for name, _ in itertools.groupby(
        call.name for call in calls)]
    assert steps == [*STEPS, "fsync"]
    assert f"<{getattr(scene, which).parent}>" in calls[-1].args


def fail_step(scene, strace, which, step, error):
    path = getattr(scene, which)
    calls = replacement(scene.recorded(strace), path)
    call = next(call for call in calls if call.name == step)
    result = scene.run(strace.failing(call, error))
    assert strace.injected(), call
    assert f"{path}: " in result.error
    assert cause(error) in result.error
    assert not scene.left_overs()
    return result


@pytest.mark.parametrize("step", STEPS)
def test_textfile(scene, strace, step):
    """The run was in vain: it failed, and the state remembers no success."""
    result = fail_step(scene, strace, "output", step, STEPS[step])
    assert result.status == FAILED
    assert scene.output.read_text() == scene.old
    assert f'"last_success":{scene.last_success()}}}' in scene.old_state
    scene.check_good_run()


@pytest.mark.parametrize("step", STEPS)
def test_state_file(scene, strace, step):
    """The certificates are what matters: they are told."""
    result = fail_step(scene, strace, "state", step, STEPS[step])
    assert result.status == OK
    assert scene.state.read_text() == scene.old_state
    assert scene.is_replaced()
    assert scene.metrics().value("run_success") == 1
    scene.check_good_run()


@pytest.mark.parametrize("error, status", [("EIO", FAILED), ("EINVAL", OK)])
def test_directory_on_the_disk(scene, strace, error, status):
    """The new file is there, but a power cut could bring the old one back. A
    file system may have no such call at all (EINVAL): that is no failure."""
    call = replacement(scene.recorded(strace), scene.output)[-1]
    result = scene.run(strace.failing(call, error))
    assert strace.injected(), call
    assert result.status == status, result
    if status == FAILED:
        assert f"{scene.output}: " in result.error
        assert cause(error) in result.error
    assert scene.is_replaced()
    scene.metrics()
    assert not scene.left_overs()


def test_left_over_that_cannot_be_removed(scene, strace):
    """It is in the way of this run. The next one removes it."""
    left = scene.directory / f".{scene.output.name}.tmp"
    unlink = next(call for call in scene.recorded(strace)
                  if call.name == "unlinkat" and left.name in call.args)
    left.write_text("of a run that was killed")
    result = scene.run(strace.failing(unlink, "EACCES"))
    assert result.status == FAILED
    assert f"{scene.output}: " in result.error
    assert cause("EACCES") in result.error
    assert scene.output.read_text() == scene.old
    scene.check_good_run()


def test_size_limit(scene):
    """The first write is a short one, the second fails."""
    result = scene.run(["prlimit", "--fsize=4096", "--"])
    assert result.status == FAILED
    assert f"{scene.output}: {cause('EFBIG')}" in result.error
    assert scene.output.read_text() == scene.old
    assert not scene.left_overs()
    scene.check_good_run()


def test_wait_for_a_pipe(program, strace, tmp_path):
    """Of one that nobody writes to: the first poll() is about it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    holder = os.open(pipe, os.O_RDWR)
    try:
        result = program.run("--config", pipe, "--check-config",
                             wrapper=strace.failing(FIRST_POLL, "ENOMEM"))
    finally:
        os.close(holder)
    assert result.status == USAGE
    assert f"{pipe}: {cause('ENOMEM')}" in result.error


# --- Pairs -------------------------------------------------------------------

@pytest.mark.parametrize("name, error, reason", [
    ("socket", "EACCES", "connect_error"),
    ("connect", "EPERM", "connect_error"),
    ("connect", "ENETUNREACH", "connect_unreachable"),
    ("connect", "ECONNREFUSED", "connect_refused")])
def test_connection_is_the_pairs(scene, strace, name, error, reason):
    call = next(call for call in scene.recorded(strace) if call.name == name)
    result = scene.run(strace.failing(call, error))
    assert strace.injected(), call
    assert (result.status, result.stderr) == (OK, "")
    metrics = scene.metrics()
    assert metrics.value("run_success") == 1
    failed = [name for name in ("good", "alarmed")
              if metrics.reason(pod=name, domain=at.VALID) == reason]
    assert len(failed) == 1, failed


# --- Each call ---------------------------------------------------------------

#: How a call usually fails; EIO if it is not here.
ERRORS = {"openat": "EMFILE", "socket": "EMFILE", "write": "ENOSPC",
          "epoll_ctl": "ENOMEM", "poll": "ENOMEM", "recvfrom": "ECONNRESET",
          "sendmsg": "ECONNRESET"}

#: Not failed: memory, and what cannot fail.
SPARED = {"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex",
          "exit_group"}

#: What may fail without a word, and why.
SILENT = {
    r"/dev/null": "the standard descriptors were open",
    r"/locale|/gconv|/etc/localtime|/zoneinfo/": "the C library does without",
    r"ioctl\(.*TCGETS": "then it is no terminal",
    r"rt_sigaction\(SIG(PIPE|XFSZ)": "nothing of the kind comes",
    r"rt_sigprocmask\(SIG_SETMASK": "the end, and no signal has come",
    r"read\(\d+<anon_inode:\[signalfd\]>": "no signal has come",
    r"prlimit64\(": "the limit is high enough",
    r"poll\(": "the read that follows tells",
    r"socket\(|<(socket|TCP):": "the pair's",
    r"getrandom\(": "the pair's",
    r"epoll_ctl\(.*EPOLL_CTL_DEL": "the descriptor is closed next",
    r"timer_delete\(": "the process ends next",
    r"unlinkat\(": "of a trial: the file is removed before it is written",
    r"close\((?!.*\.tmp>\))": "nothing was written through it",
}


def reason_for_silence(call):
    return next((reason for pattern, reason in SILENT.items()
                 if re.search(pattern, str(call))), None)


def check_honesty(scene, result, call, error):
    """Of a run in which this call failed with this error."""
    if result.status == OK:
        assert scene.is_replaced()
        assert scene.metrics().value("run_success") == 1
    else:
        assert result.status in (FAILED, USAGE)
        assert result.stderr
    if result.stderr:
        assert cause(error) in result.error
    else:
        assert reason_for_silence(call), "a failure that nobody hears of"
    # But for the last step of a replacement, which comes too late for that.
    if result.status != OK and scene.is_replaced() and call.name != "fsync":
        assert scene.metrics().value("run_success") == 0
    scene.last_success()
    assert call.name == "unlinkat" or not scene.left_overs()


@pytest.mark.slow
def test_each_call(scene, strace):
    made = 0
    for call in scene.recorded(strace):
        if call.name in SPARED:
            continue
        error = ERRORS.get(call.name, "EIO")
        result = scene.run(strace.failing(call, error))
        failed = strace.injected()
        if failed:
            made += 1
            try:
                check_honesty(scene, result, failed, error)
            except Exception as problem:
                raise AssertionError(
                    f"{failed} = {error}: {result}") from problem
        scene.restore()
    assert made > 100


#: Calls that may wait, and then be woken by a signal. (connect() is told
#: not to, and open() does not wait for a file of a disk.)
BLOCKING = {"read", "pread64", "write", "poll", "epoll_wait", "epoll_pwait",
            "flock", "recvfrom", "recvmsg", "sendmsg"}


@pytest.mark.slow
def test_interrupted_calls_are_made_again(scene, strace):
    made = set()
    for call in scene.recorded(strace):
        if call.name not in BLOCKING:
            continue
        result = scene.run(strace.failing(call, "EINTR"))
        if strace.injected():
            made.add(call.name)
        assert (result.status, result.stderr) == (OK, ""), call
        assert scene.is_replaced()
        metrics = scene.metrics()
        for sample in scene.good.select("certificate"):
            assert metrics.value("certificate",
                                 **sample.labels) == sample.value, call
        scene.restore()
    assert {"read", "write", "flock", "recvfrom", "sendmsg"} <= made


@pytest.mark.parametrize("limit", range(4, 20))
def test_few_descriptors(scene, limit):
    """From too few for the dynamic loader to enough for all: the run fails or
    is good. What it cannot do is said of each."""
    result = scene.run(["prlimit", f"--nofile={limit}", "--"])
    for line in result.stderr.splitlines():
        assert cause("EMFILE") in line
    if result.status == OK:
        assert scene.metrics().value("run_success") == 1
    else:
        assert result.status in (FAILED, USAGE, 127)
        assert result.stderr
        assert not scene.is_replaced() or (
            scene.metrics().value("run_success") == 0)
    scene.last_success()
    assert not scene.left_overs()
