# SPDX-License-Identifier: Apache-2.0
"""What the shells themselves complete, with our completions."""

import pytest
from support.processes import PATIENCE_SECONDS
from support.shells import SHELLS

ARN = "arn:aws:eks:eu-west-1:1:cluster/shop"

KUBECTL = f"""#!/bin/sh
echo "$@" >>"$HOME/asked"
case $* in
*"config get-contexts -o name") printf '%s\\n' production {ARN} ;;
*"get namespaces -o name") printf 'namespace/%s\\n' default edge edge-2 ;;
esac
"""


@pytest.fixture(params=SHELLS)
def shell(request, tmp_path):
    return SHELLS[request.param](tmp_path)


def have_kubectl(shell, text=KUBECTL):
    path = shell.bin / "kubectl"
    path.write_text(text)
    path.chmod(0o755)


def asked(shell):
    """What kubectl was asked, one line each."""
    return (shell.directory / "asked").read_text().splitlines()


@pytest.mark.parametrize("words, expected", [
    ("--met", {"--metrics"}),
    ("--ch", {"--check", "--check-config"}),
    ("--config=/x --lis", {"--list-targets"}),
    ("--metrics=", {"standard", "full", "summary", "mux"}),
    ("--metrics s", {"standard", "summary"}),
    ("--report=t", {"table"}),
    ("--log-level w", {"warning"}),
    ("--handshake=", {"full", "certificate"}),
    ("--starttls=p", {"pop3", "postgres"}),
    ("--proxy-protocol ", {"v1", "v2"}),
    ("--key-types=", {"rsa", "ecdsa"}),
    ("--key-types rsa,e", {"rsa,ecdsa"}),
    ("--labels=", set()),
    ("--domains ", set()),
])
def test_options_and_closed_choices(shell, words, expected):
    # zsh is ready for another item of the list.
    assert {word.rstrip(",") for word in shell.complete(words)} == expected


@pytest.mark.parametrize("words", [
    "--pods-file=po", "--ca-file po", "--config=po", "--kubeconfig po",
    "--output=po", "--state-file po"])
def test_files(shell, words):
    (shell.directory / "pods.json").touch()
    assert shell.complete(words) == {"pods.json"}


@pytest.mark.parametrize("words, expected", [
    ("--context=", {"production", ARN}),
    ("--context pro", {"production"}),
    ("--context=arn:aws:", {ARN}),
    ("--context arn:", {ARN}),
    ("--namespaces=", {"default", "edge", "edge-2"}),
    ("--namespaces e", {"edge", "edge-2"}),
    ("--namespaces=edge,d", {"edge,default"}),
    ("--ingress-namespaces edge,default,edge", {"edge,default,edge-2",
                                                "edge,default,edge"}),
])
def test_what_kubectl_knows(shell, words, expected):
    have_kubectl(shell)
    assert shell.complete(words) | set(words.split()) == (
        expected | set(words.split()))


def test_kubectl_is_asked_for_whom_the_line_names(shell):
    have_kubectl(shell)
    shell.complete("--kubeconfig=/k --context test --namespaces=")
    question, = set(asked(shell))
    assert question == ("--request-timeout=2s --kubeconfig=/k --context=test "
                        "get namespaces -o name")


@pytest.mark.parametrize("words", ["--context=", "--namespaces "])
def test_silent_where_kubectl_is_missing_or_fails(shell, words):
    assert shell.complete(words) == set()
    have_kubectl(shell, "#!/bin/sh\necho no rights for you >&2\nexit 1\n")
    assert shell.complete(words) == set()
    assert "rights" not in shell.screen


def test_kubectl_that_hangs_is_not_waited_for(shell):
    """It has three seconds, and then the shell is the user's again."""
    have_kubectl(shell, f"#!/bin/sh\nexec sleep {2 * PATIENCE_SECONDS}\n")
    assert shell.complete("--namespaces=") == set()


def test_names_from_elsewhere_are_words_not_commands(shell):
    """A context may have any name."""
    have_kubectl(shell, "#!/bin/sh\necho 'a$(>owned)'\n")
    shell.complete("--context=")
    assert "owned" in shell.screen or shell.name == "fish"
    assert not (shell.directory / "owned").exists()
