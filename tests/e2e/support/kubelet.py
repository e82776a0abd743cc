# SPDX-License-Identifier: Apache-2.0
"""A container of our manifests on this machine, as a kubelet would start it:
the command, arguments, environment, user and mounts are the manifest's."""

from pathlib import Path

from .manifests import MANIFESTS, NAME, token
from .requirements import require, require_root

# A root like the image's: this machine's /usr and what of /etc the image has,
# nothing of it writable. Then the volumes, then no capability any more.
_ENTER = """\
set -eu
root=$1 user=$2 group=$3 volumes=$4
shift 4
mount -t tmpfs -o mode=0755 tmpfs "$root"
bind() {
    if [ -d "$1" ]; then mkdir -p "$2"
    else mkdir -p "${2%/*}"; touch "$2"; fi
    mount --rbind "$1" "$2"
    [ "$3" = rw ] || mount -o remount,bind,ro "$2"
}
for each in bin sbin lib lib32 lib64 libx32 usr dev proc etc/ssl etc/passwd \\
    etc/group etc/nsswitch.conf etc/ld.so.cache etc/alternatives; do
    if [ -L "/$each" ]; then cp -P "/$each" "$root/$each"
    elif [ -e "/$each" ]; then
        case $each in
            dev | proc) bind "/$each" "$root/$each" rw ;;
            *) bind "/$each" "$root/$each" ro ;;
        esac
    fi
done
while IFS='|' read -r source target mode; do
    bind "$source" "$root$target" "$mode"
done <"$volumes"
mount -o remount,ro "$root"
exec chroot "$root" setpriv --reuid="$user" --regid="$group" --clear-groups \\
    --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
"""


class Kubelet:
    """Starts the containers of one rendered pod. Directories on the node are
    directories of the test: host maps a hostPath to one."""

    def __init__(self, kube, rendered, program, directory, node, host=None):
        require_root()
        self.kube = kube
        self.rendered = rendered
        self.program = program
        self.directory = directory
        self.node = node
        self.host = host or {}

    def path(self, name):
        """Where a volume lies."""
        volume, = (each for each in self.rendered.pod()["volumes"]
                   if each["name"] == name)
        if "hostPath" in volume:
            return self.host[volume["hostPath"]["path"]]
        path = self.directory / f"volume-{name}"
        if not path.exists():
            path.mkdir()
            if "configMap" in volume:
                config_map, = (
                    each for each in self.rendered.all("ConfigMap")
                    if each["metadata"]["name"] == volume["configMap"]["name"])
                path.chmod(0o755)
                for file, content in config_map["data"].items():
                    (path / file).write_text(content)
            else:
                assert "emptyDir" in volume, volume
                path.chmod(0o777)
        return path

    def start(self, name, command=(), args=None, binaries=None):
        """Start a container. The image's binaries are found at these paths."""
        container = self.rendered.container(name)
        security = self.rendered.pod()["securityContext"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {
            "drop": ["ALL"]}
        binaries = binaries or {NAME: self.program.path,
                                f"{NAME}-loop": MANIFESTS / f"{NAME}-loop"}
        mounts = [(path, f"/image/{binary}", "ro")
                  for binary, path in binaries.items()]
        mounts += [(self.path(each["name"]), each["mountPath"],
                    "ro" if each.get("readOnly") else "rw")
                   for each in container["volumeMounts"]]
        mounts += self._account()
        # What is mounted into a mount comes after it.
        volumes = self.directory / f"mounts-{name}"
        volumes.write_text("".join(
            f"{source}|{target}|{mode}\n" for source, target, mode
            in sorted(mounts, key=lambda mount: mount[1])))
        root = self.directory / f"root-{name}"
        root.mkdir()
        return self.program.start_other(
            [require("unshare"), "--mount", "sh", "-c", _ENTER, "sh", root,
             security["runAsUser"], security["runAsGroup"], volumes,
             "env", *self._environment(container),
             *container.get("command", command),
             *(container["args"] if args is None else args)])

    def _account(self):
        """The service account's token, where the pod wants one."""
        if not self.rendered.pod()["automountServiceAccountToken"]:
            return []
        account = self.rendered.one("ServiceAccount")["metadata"]
        path = self.directory / "account"
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)
            (path / "token").write_text(token(
                self.kube, account["namespace"], account["name"]))
            (path / "ca.crt").write_bytes(
                Path(self.kube.ca.cert).read_bytes())
            (path / "namespace").write_text(account["namespace"])
        return [(path, "/var/run/secrets/kubernetes.io/serviceaccount", "ro")]

    def _environment(self, container):
        yield "PATH=/image:/usr/bin:/bin"
        yield "HOME=/"
        yield "KUBERNETES_SERVICE_HOST=127.0.0.1"
        yield f"KUBERNETES_SERVICE_PORT={self.kube.port}"
        for variable in container.get("env", ()):
            value = variable.get("value", "")
            if "valueFrom" in variable:
                field = variable["valueFrom"]["fieldRef"]
                assert field["fieldPath"] == "spec.nodeName"
                value = self.node
            yield f"{variable['name']}={value}"
