# SPDX-License-Identifier: Apache-2.0
"""The program with a configuration file: what only the keys of a job can say.

Its pods come from an API, as with a file there are no others.
"""

from .fakeapi import FakeApi
from .kubeconfig import kubeconfig, yaml
from .pods import pod_list


def write(monitor, jobs, config, **keys):
    """A configuration file of these jobs: names mapped to their keys."""
    document = {"kubernetes": {"kubeconfig": str(config)}, **keys,
                "jobs": [{"name": name, **{key: _plain(value) for key, value
                                           in job.items()}}
                         for name, job in jobs.items()]}
    return monitor.write("cem.yaml", yaml(document) + "\n")


def run(monitor, gallery, pods, jobs, *args, **how):
    """Run it on jobs that see all the pods."""
    certificate = gallery.authority.issue("api", addresses=["127.0.0.1"])
    listed = pod_list(pods, "PodList").encode()
    with FakeApi(certificate, lambda request: (200, listed)) as api:
        config = kubeconfig(
            monitor.directory / "kubeconfig", api.url, {"token": "anyone"},
            {"certificate-authority": str(gallery.root.cert)})
        return monitor.run("--config", write(monitor, jobs, config), *args,
                           **how)


def _plain(value):
    if isinstance(value, (list, bool, int, str)):
        return value
    return str(value)
