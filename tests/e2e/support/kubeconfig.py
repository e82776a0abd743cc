# SPDX-License-Identifier: Apache-2.0
"""Kubeconfigs, as YAML in the usual layout."""

import base64
import json


def inline(path):
    """A file's content as the -data keys hold it."""
    return base64.b64encode(path.read_bytes()).decode()


def kubeconfig(path, server, user=None, cluster=None, namespace=None,
               more_contexts=None):
    """Write a kubeconfig with the context `test`; user and cluster are what
    stands under these keys. more_contexts maps names to other users."""
    users = {"test": user or {}, **(more_contexts or {})}
    context = {"cluster": "test", "namespace": namespace or "default"}
    document = {
        "apiVersion": "v1", "kind": "Config", "preferences": {},
        "clusters": [{"cluster": {"server": server, **(cluster or {})},
                      "name": "test"}],
        "contexts": [{"context": {**context, "user": name}, "name": name}
                     for name in users],
        "current-context": "test",
        "users": [{"name": name, "user": content}
                  for name, content in users.items()]}
    path.write_text(yaml(document) + "\n")
    path.chmod(0o600)
    return path


def yaml(value, indent=0):
    """Block style for what has content; scalars as JSON, which is YAML."""
    margin = "  " * indent
    if isinstance(value, dict) and value:
        return "\n".join(
            f"{margin}{key}: {yaml(item, indent + 1).lstrip()}"
            if not (isinstance(item, (dict, list)) and item) else
            f"{margin}{key}:\n{yaml(item, indent + 1)}"
            for key, item in value.items())
    if isinstance(value, list) and value:
        return "\n".join(f"{margin}- {yaml(item, indent + 1).lstrip()}"
                         for item in value)
    return margin + json.dumps(value)
