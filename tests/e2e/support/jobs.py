# SPDX-License-Identifier: Apache-2.0
"""The program with a configuration file: what only the keys of a job can say.
"""

from .fakeapi import FakeApi
from .kubeconfig import kubeconfig, yaml
from .pods import pod_list
from .program import OK


def write(monitor, jobs, config=None, **keys):
    """A configuration file of these jobs: names mapped to their keys."""
    access = {"kubernetes": {"kubeconfig": str(config)}} if config else {}
    document = {**access, **keys,
                "jobs": [{"name": name, **{key: _plain(value) for key, value
                                           in job.items()}}
                         for name, job in jobs.items()]}
    return monitor.write("cem.yaml", yaml(document) + "\n")


def ask(monitor, config, job, *args, keys=None, **how):
    """Run it on one job, `edge`; keys are for the top of the file."""
    path = write(monitor, {"edge": job}, config, **(keys or {}))
    return monitor.run("--config", path, *args, **how)


def measure(monitor, config, job, *args, status=OK, **how):
    """Likewise, and read back."""
    result = ask(monitor, config, job, *args, **how)
    assert result.status == status, result
    return monitor.metrics()


def run(monitor, gallery, pods, jobs, *args, **how):
    """Run it on jobs that see all the pods. They come from an API, as with a
    file there are no others."""
    certificate = gallery.authority.issue("api", addresses=["127.0.0.1"])
    listed = pod_list(pods, "PodList").encode()
    with FakeApi(certificate, lambda request: (200, listed)) as api:
        config = kubeconfig(
            monitor.directory / "kubeconfig", api.url, {"token": "anyone"},
            {"certificate-authority": str(gallery.root.cert)})
        return monitor.run("--config", write(monitor, jobs, config), *args,
                           **how)


def _plain(value):
    if isinstance(value, (list, dict, bool, int, str)):
        return value
    return str(value)
