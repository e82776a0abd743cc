# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the servers live as long as the test run, all else per test."""

import contextlib
import functools

import pytest
from support import crds
from support.exporter import NodeExporter
from support.gallery import VALID, Gallery
from support.gate import Gate
from support.kube import ApiServer, Etcd
from support.monitor import Monitor
from support.netns import Namespace
from support.nginx import Nginx
from support.ports import free_port
from support.program import Program, is_sanitized, locate
from support.strace import Strace


def pytest_collection_modifyitems(config, items):
    """Leave out what need not run with sanitizers: it is not skipped, as
    nothing is missing."""
    if not any(item.get_closest_marker("once") for item in items) \
            or not is_sanitized(locate()):
        return
    once = [item for item in items if item.get_closest_marker("once")]
    config.hook.pytest_deselected(items=once)
    items[:] = [item for item in items if item not in once]


@pytest.fixture(scope="session")
def program_path():
    return locate()


@pytest.fixture(scope="session")
def exporter(tmp_path_factory):
    directory = tmp_path_factory.mktemp("node-exporter")
    textfiles = directory / "textfiles"
    textfiles.mkdir()
    with NodeExporter(textfiles, directory / "log") as server:
        yield server


@pytest.fixture(scope="session")
def gallery(tmp_path_factory):
    """A real nginx with a certificate of every kind."""
    with Gallery(tmp_path_factory.mktemp("gallery")) as server:
        yield server


@pytest.fixture(scope="session")
def crowd(tmp_path_factory, gallery):
    """A real nginx on 1,200 addresses."""
    server = Nginx(tmp_path_factory.mktemp("crowd"))
    server.addresses = [f"127.82.{number // 200}.{number % 200 + 1}"
                        for number in range(1200)]
    server.add(server.addresses, gallery.certificates["valid.example.com"])
    with server:
        yield server


@pytest.fixture(scope="session")
def kube(tmp_path_factory):
    """A real API server with its etcd."""
    directory = tmp_path_factory.mktemp("kube")
    with Etcd(directory / "etcd") as etcd, \
            ApiServer(directory / "apiserver", etcd) as server:
        yield server


@pytest.fixture(scope="session")
def kinds(kube):
    """The API server with the kinds of the Gateway API, cert-manager and
    Traefik. Its old group is missing, as it is nearly everywhere."""
    crds.install(kube, *crds.GATEWAY_API, *crds.CERT_MANAGER, *crds.TRAEFIK)
    return kube


@pytest.fixture(scope="session")
def network(tmp_path_factory, kube):
    """Addresses that are not loopback's. The API server is in there too."""
    log = tmp_path_factory.mktemp("network") / "log"
    with Namespace(log) as namespace, \
            Gate(kube.port, kube.port, namespace.listen):
        yield namespace


@pytest.fixture(scope="session")
def outpost(tmp_path_factory, gallery, network):
    """A real nginx in there, on every address. It knows VALID."""
    server = Nginx(tmp_path_factory.mktemp("outpost"))
    server.wrapper = network.entering
    everywhere = ["0.0.0.0", "[::]"]
    server.add(everywhere, gallery.default)
    server.add(everywhere, gallery.certificates[VALID], VALID)
    with server:
        yield server


@pytest.fixture
def gate(kube):
    """A way to the API server that can be shut."""
    with Gate(free_port(), kube.port) as gate:
        yield gate


@contextlib.contextmanager
def _program(path, home):
    program = Program(path, home)
    try:
        yield program
    finally:
        program.clean_up()


@pytest.fixture
def program(program_path, tmp_path):
    with _program(program_path, tmp_path) as program:
        yield program


@pytest.fixture
def strace(program, tmp_path):
    return Strace(program, tmp_path / "strace")


@pytest.fixture
def monitor(program, exporter, tmp_path):
    return Monitor(program, exporter, tmp_path)


@pytest.fixture(scope="module")
def module_monitor(program_path, exporter, tmp_path_factory):
    """For a run that a whole table of tests looks at. What it wrote is to be
    read at once: the next test empties the directory."""
    home = tmp_path_factory.mktemp("module")
    with _program(program_path, home) as program:
        yield functools.partial(Monitor, program, exporter, home)
