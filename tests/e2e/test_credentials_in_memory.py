# SPDX-License-Identifier: Apache-2.0
"""The API credential is gone before the first byte goes to a pod.

Pods belong to others, and what parses what they send is where a hole would
be: by then there is nothing left to steal. A pod that accepts the connection
and stalls holds the program at that very moment, and the test looks into its
memory.
"""

import base64
import secrets

import pytest
from support import hostile, memory
from support.certs import pem_to_der, private_scalar
from support.fakeapi import FakeApi
from support.kube import ADMIN
from support.kubeconfig import inline
from support.plugins import Plugin, credential
from support.pods import pod, pod_list
from support.proxies import Tinyproxy

#: Of no account.
WRONG = "wrong-token-x9QpLs4Gd7Zr2VbK8mYc"
#: Long, so that what is left of it is not overwritten by chance.
PASSWORD = "password-" + secrets.token_hex(100)


def token_needles():
    """Its halves, as a freed block may have lost its beginning."""
    half = len(ADMIN) // 2
    return {"token, first half": ADMIN[:half].encode(),
            "token, second half": ADMIN[half:].encode(),
            "token in base64": base64.b64encode(ADMIN.encode())[:24]}


def key_needles(key):
    """A private key in all the forms it has on its way to a signature."""
    text = key.read_text()
    scalar = private_scalar(key)
    data = inline(key)
    der = pem_to_der(text)
    lines = [line for line in text.splitlines() if "PRIVATE" not in line]
    at = der.index(scalar)
    return {**{f"PEM line {number}": line.encode()
               for number, line in enumerate(lines)},
            **{f"base64 of the PEM at {start}": data[start:start + 32].encode()
               # The armour's own words are the same in every key.
               for start in range(40, len(data) - 72, 32)},
            "DER around the scalar": der[at - 4:at + len(scalar)],
            "scalar": scalar,
            # As a big number in memory, least significant limb first.
            "scalar, bytes reversed": scalar[::-1]}


def token_file(kube, tmp_path):
    path = tmp_path / "token"
    path.write_text(ADMIN)
    return {"tokenFile": str(path)}, token_needles()


def plugin(kube, tmp_path):
    """A token as a plugin gives it."""
    made = Plugin(tmp_path, credential(token=ADMIN))
    return made.user(provideClusterInfo=True), token_needles()


def plugin_with_key(kube, tmp_path):
    """PEM within JSON: each line ends in an escape."""
    made = Plugin(tmp_path, credential(
        clientCertificateData=kube.admin.cert.read_text(),
        clientKeyData=kube.admin.key.read_text()))
    return made.user(), key_needles(kube.admin.key)


def plugin_with_long_key(kube, tmp_path):
    """What is large is less likely to be overwritten by chance."""
    admin = kube.ca.issue("rsa-admin", cn="admin", organization="system:masters",
                          key="rsa-3072", client=True)
    made = Plugin(tmp_path, credential(
        clientCertificateData=admin.cert.read_text(),
        clientKeyData=admin.key.read_text()))
    lines = admin.key.read_text().splitlines()[2:-2]
    return made.user(), {f"PEM line {number}": line.encode()
                         for number, line in enumerate(lines)}


def renewed_token(kube, tmp_path):
    """The first one is refused, so that a plugin is asked again."""
    better = tmp_path / "better"
    better.write_text(credential(token=ADMIN))
    made = Plugin(tmp_path, credential(token=f"{WRONG}-first"), script=f"""
        test "$(wc -l <{tmp_path}/plugin.log)" = 1 || exec cat {better}""")
    return made.user(), {**token_needles(), "refused token": WRONG.encode()}


CASES = {
    "plugin's token": plugin,
    "plugin's client key": plugin_with_key,
    "plugin's long client key": plugin_with_long_key,
    "plugin's second token": renewed_token,
    "token inline": lambda kube, tmp_path: ({"token": ADMIN},
                                            token_needles()),
    "token file": token_file,
    "client key inline": lambda kube, tmp_path: (
        {"client-certificate-data": inline(kube.admin.cert),
         "client-key-data": inline(kube.admin.key)},
        key_needles(kube.admin.key)),
    "client key file": lambda kube, tmp_path: (
        {"client-certificate": str(kube.admin.cert),
         "client-key": str(kube.admin.key)}, key_needles(kube.admin.key)),
}


@pytest.mark.parametrize("case", CASES)
def test_credential_is_gone_before_the_first_pod(monitor, kube, tmp_path,
                                                 case):
    user, needles = CASES[case](kube, tmp_path)
    domain = f"control-{secrets.token_hex(8)}.example.com"
    namespace = kube.create_namespace()
    with hostile.Listener(hostile.silent) as listener:
        kube.create_pod(pod("stalls", listener.address, namespace=namespace))
        config = kube.kubeconfig(tmp_path / "config", user)
        process = monitor.program.start(
            "--kubeconfig", config, "--namespaces", namespace, "--domains",
            domain, "--port", str(listener.port), "--timeout", "120s",
            "--deadline", "240s", "--output", monitor.output)
        listener.wait_for_connection()
        control = memory.find(process.pid, {"control": domain.encode()})
        assert control, "the search finds nothing at all"
        assert memory.find(process.pid, needles) == {}
        held = memory.memory_files(process.pid)
        assert not [name for name, needle in needles.items()
                    for content in held if needle in content]
        assert memory.peer_ports(process.pid) == {listener.port}


def password_needles():
    """As it was written, and in each base64 that it may be sent in."""
    half = len(PASSWORD) // 2
    sent = base64.b64encode(f"joe:{PASSWORD}".encode())
    return {"password, first half": PASSWORD[:half].encode(),
            "password, second half": PASSWORD[half:].encode(),
            "base64, begin": sent[8:28], "base64, end": sent[-20:]}


def stall(monitor, listener, config):
    """Start it, and wait until a pod holds it up."""
    process = monitor.program.start(
        "--kubeconfig", config, "--domains", "a.example.com", "--port",
        str(listener.port), "--timeout", "120s", "--deadline", "240s",
        "--output", monitor.output)
    listener.wait_for_connection()
    return process


def test_password_is_gone_before_the_first_pod(monitor, kube, tmp_path):
    """Real servers take none any more."""
    with hostile.Listener(hostile.silent) as listener:
        page = pod_list([pod("stalls", listener.address)], "PodList").encode()
        with FakeApi(kube.server, lambda request: (200, page)) as api:
            config = kube.kubeconfig(
                tmp_path / "config",
                {"username": "joe", "password": PASSWORD},
                {"server": api.url})
            process = stall(monitor, listener, config)
            assert memory.find(process.pid, password_needles()) == {}
            request, = api.requests
            sent = request.headers["Authorization"].removeprefix("Basic ")
            assert base64.b64decode(sent).decode() == f"joe:{PASSWORD}"


def test_password_of_a_proxy_is_gone_as_well(monitor, kube, tmp_path):
    namespace = kube.create_namespace()
    with hostile.Listener(hostile.silent) as listener, \
            Tinyproxy(tmp_path, f"joe {PASSWORD}") as proxy:
        kube.create_pod(pod("stalls", listener.address, namespace=namespace))
        config = kube.kubeconfig(tmp_path / "config", cluster={
            "proxy-url": f"http://joe:{PASSWORD}@127.0.0.1:{proxy.port}"})
        process = monitor.program.start(
            "--kubeconfig", config, "--namespaces", namespace, "--domains",
            "a.example.com", "--port", str(listener.port), "--timeout",
            "120s", "--deadline", "240s", "--output", monitor.output)
        listener.wait_for_connection()
        assert memory.find(process.pid, {**password_needles(),
                                         **token_needles()}) == {}


def test_the_search_finds_a_credential_that_is_there(program, kube, tmp_path):
    """The control of the other kind: a client that has not let go of it."""
    with hostile.Listener(hostile.silent) as listener:
        config = kube.kubeconfig(
            tmp_path / "config",
            cluster={"server": f"https://127.0.0.1:{listener.port}"})
        process = program.start("--kubeconfig", config, "--domains",
                                "a.example.com", "--output", "-")
        listener.wait_for_connection()
        assert "token, second half" in memory.find(process.pid,
                                                   token_needles())
