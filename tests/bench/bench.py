#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the monitor against a bare GnuTLS client making the same handshakes.

Both probe the same nginx on loopback: many addresses (the pods) and several
SNI certificates (the domains), each with one intermediate. Printed are

- instructions per pair, by callgrind, as the difference of two sizes: stable,
  whatever else the machine is doing;
- CPU time and peak memory of a whole run: of interest as ratios only.

Usage: bench.py MONITOR BARE_CLIENT
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DOMAINS = 10
PODS = 1000  # of the large run: 10,000 pairs
CALLGRIND_PODS = (10, 60)
FIRST_ADDRESS = "127.20.0.1"


def address(index):
    """The index-th loopback address, counted as the bare client counts."""
    number = (127 << 24 | 20 << 16 | 1) + index
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def domain(index):
    return f"d{index}.bench.example"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_key_and_request(directory, name, subject):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", f"{directory}/{name}.key",
            "-out", f"{directory}/{name}.csr", "-subj", f"/CN={subject}")


def sign(directory, name, issuer, extension):
    with open(f"{directory}/{name}.ext", "w") as file:
        file.write(extension + "\n")
    openssl("x509", "-req", "-in", f"{directory}/{name}.csr",
            "-CA", f"{directory}/{issuer}.crt",
            "-CAkey", f"{directory}/{issuer}.key", "-CAcreateserial",
            "-days", "90", "-extfile", f"{directory}/{name}.ext",
            "-out", f"{directory}/{name}.crt")


def make_certificates(directory):
    openssl("req", "-x509", "-newkey", "ec",
            "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
            "-keyout", f"{directory}/root.key",
            "-out", f"{directory}/root.crt", "-subj", "/CN=Bench root")
    make_key_and_request(directory, "intermediate", "Bench intermediate")
    sign(directory, "intermediate", "root", "basicConstraints=CA:TRUE")
    for i in range(DOMAINS):
        make_key_and_request(directory, f"d{i}", domain(i))
        sign(directory, f"d{i}", "intermediate",
             f"subjectAltName=DNS:{domain(i)}")
        with open(f"{directory}/d{i}.chain", "w") as chain:
            for part in (f"d{i}", "intermediate"):
                with open(f"{directory}/{part}.crt") as file:
                    chain.write(file.read())


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def start_nginx(directory, port):
    """nginx in the foreground, listening; the caller ends it."""
    servers = "".join(
        f"server {{ listen {port} ssl{' backlog=4096' if i == 0 else ''};"
        f" server_name {domain(i)};"
        f" ssl_certificate d{i}.chain; ssl_certificate_key d{i}.key;"
        f" return 204; }}\n" for i in range(DOMAINS))
    with open(f"{directory}/nginx.conf", "w") as config:
        config.write(
            "daemon off; worker_processes 1;\n"
            f"pid {directory}/nginx.pid; error_log {directory}/error.log;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; server_names_hash_bucket_size 128;\n"
            + "".join(f"{kind}_temp_path {directory}/{kind};\n" for kind in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + servers + "}\n")
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    process = subprocess.Popen([nginx, "-p", directory, "-c",
                                f"{directory}/nginx.conf"],
                               stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection((FIRST_ADDRESS, port), 1).close()
            return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    sys.exit(f"nginx does not start; see {directory}/error.log")


def write_pods(directory, count):
    items = [{
        "metadata": {"namespace": "bench", "name": f"pod-{i}"},
        "status": {"phase": "Running", "podIP": address(i),
                   "conditions": [{"type": "Ready", "status": "True"}]},
    } for i in range(count)]
    path = f"{directory}/pods-{count}.json"
    with open(path, "w") as file:
        json.dump({"kind": "List", "apiVersion": "v1", "items": items}, file)
    return path


def callgrind(directory, command):
    """Instructions of a whole run."""
    path = f"{directory}/callgrind.out"
    subprocess.run(["valgrind", "--quiet", "--tool=callgrind",
                    f"--callgrind-out-file={path}", *command],
                   check=True, stdout=subprocess.DEVNULL)
    with open(path) as file:
        return int(re.search(r"^totals: (\d+)", file.read(), re.M).group(1))


def run(command):
    """CPU seconds, wall seconds and peak memory in MB of a whole run.

    By time(1): a child's own peak begins with that of the process that forked
    it, and this one is larger than the monitor.
    """
    result = subprocess.run(["/usr/bin/time", "-f", "%U %S %e %M", *command],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True)
    if result.returncode != 0:
        sys.exit(f"{command[0]}: {result.stderr}")
    user, system, wall, peak = result.stderr.splitlines()[-1].split()
    return float(user) + float(system), float(wall), int(peak) / 1024


def measure(directory, port, monitor, bare):
    domains = [domain(i) for i in range(DOMAINS)]

    def monitor_command(pods, names, *options):
        return [monitor, "--pods-file", write_pods(directory, pods),
                "--domains", ",".join(names), "--port", str(port),
                "--ca-file", f"{directory}/root.crt",
                "--output", f"{directory}/out.prom",
                "--state-file", f"{directory}/state.json", "--report", "none",
                "--max-series", "0", "--timeout", "5m", "--deadline", "30m",
                *options]

    def certificate_command(pods, names):
        return monitor_command(pods, names, "--handshake=certificate")

    def bare_command(pods, names):
        return [bare, FIRST_ADDRESS, str(pods), str(port), *names]

    small, large = CALLGRIND_PODS
    per_pair = {}
    for name, command in (("monitor", monitor_command),
                          ("bare client", bare_command),
                          ("certificate", certificate_command)):
        difference = (callgrind(directory, command(large, domains)) -
                      callgrind(directory, command(small, domains)))
        per_pair[name] = difference / ((large - small) * DOMAINS)
    ratio = per_pair["monitor"] / per_pair["bare client"]
    print("instructions per pair (callgrind)")
    for name, instructions in per_pair.items():
        print(f"  {name:12} {instructions / 1e6:7.3f} M")
    print(f"  {'ratio':12} {ratio:7.3f}")

    runs = {
        "monitor": run(monitor_command(PODS, domains)),
        "bare client": run(bare_command(PODS, domains)),
        "certificate only": run(certificate_command(PODS, domains)),
        "monitor, one pair": run(monitor_command(1, domains[:1])),
        "with system store": run([
            word for word in monitor_command(1, domains[:1])
            if word not in ("--ca-file", f"{directory}/root.crt")]),
    }
    print(f"{PODS * DOMAINS} pairs, all series written")
    for name, (cpu, wall, peak) in runs.items():
        print(f"  {name:18} {cpu:7.2f} s CPU {wall:7.2f} s"
              f" {peak:7.1f} MB at the peak")
    print(f"  CPU ratio {runs['monitor'][0] / runs['bare client'][0]:.2f},"
          f" memory above one pair"
          f" {runs['monitor'][2] - runs['monitor, one pair'][2]:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("monitor")
    parser.add_argument("bare_client")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as directory:
        make_certificates(directory)
        port = free_port()
        nginx = start_nginx(directory, port)
        try:
            measure(directory, port, os.path.abspath(arguments.monitor),
                    os.path.abspath(arguments.bare_client))
        finally:
            nginx.terminate()
            nginx.wait()


if __name__ == "__main__":
    main()
