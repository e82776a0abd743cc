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
from support.kube import ADMIN
from support.kubeconfig import inline
from support.pods import pod


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


CASES = {
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
