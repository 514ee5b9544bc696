"""odoo-driver, a peer that serves checkout machines: Flask on gevent, one process.

A pinned version with its plugin for payment terminals, installed into .bench on first use
and run unchanged, as a process of its own. Only its device is made up: a module that
Python loads before it says that one Ingenico terminal is plugged in, whose serial port is
a pty that takes every byte and never answers.
"""

from __future__ import annotations

import http.client
import json
import os
import pty
import subprocess
import tempfile
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from examples.launch import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".bench" / "peer"
PACKAGES = ("odoo-driver==3.1.1", "odoo-driver-plugin-payment-telium==2.1.0")
STATUS = "/hw_proxy/hello"
PAYMENT = "/hw_proxy/payment_terminal_transaction_start"
WHAT_IS_PLUGGED_IN = """
import os
from types import SimpleNamespace

import serial.tools.list_ports
import usb.core

ids = 0x079B, 0x0028  # Ingenico Move/5000, as the plugin knows it
device = SimpleNamespace(idVendor=ids[0], idProduct=ids[1], parent=None)
port = SimpleNamespace(vid=ids[0], pid=ids[1], device=os.environ["SILENT_TERMINAL"])
usb.core.find = lambda *_, **__: [device]
serial.tools.list_ports.comports = lambda *_, **__: [port]
"""


@contextmanager
def odoo_driver() -> Iterator[str]:
    """Its address; a silent terminal is plugged in, and not in use."""
    _install()
    controller, terminal = pty.openpty()
    tty.setraw(terminal)
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as folder:
        Path(folder, "sitecustomize.py").write_text(WHAT_IS_PLUGGED_IN)
        devices = {"PYTHONPATH": folder, "SILENT_TERMINAL": os.ttyname(terminal)}
        try:
            with _started(os.environ | devices) as url:
                yield url
        finally:
            os.close(controller)
            os.close(terminal)


@contextmanager
def payment_at_a_silent_terminal(url: str) -> Iterator[None]:
    """A till that asks for a payment, and again as soon as it is told that it failed."""
    stopped = threading.Event()
    order = {"params": {"payment_info": {"amount": 12.0, "currency_iso": "EUR"}}}

    def till() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        while not stopped.is_set():
            connection.request(
                "POST", PAYMENT, json.dumps(order), {"Content-Type": "application/json"}
            )
            answer = json.loads(connection.getresponse().read())
            if answer["result"] is not False:
                raise RuntimeError(f"the terminal is not silent: {answer}")
        connection.close()

    paying = threading.Thread(target=till)
    paying.start()
    try:
        yield
    finally:
        stopped.set()
        paying.join()


def _install() -> None:
    if (HOME / "bin" / "odoo-driver").exists() and _has_plugin():
        return
    uv = ROOT / ".tools" / "uv"
    subprocess.run([uv, "venv", "--quiet", "--clear", HOME], check=True)
    python = HOME / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True
    )


def _has_plugin() -> bool:
    return any(HOME.glob("lib/*/site-packages/odoo_driver_plugin_payment_telium"))


@contextmanager
def _started(environ: dict[str, str]) -> Iterator[str]:
    port = free_port()
    popen = subprocess.Popen(
        [
            HOME / "bin" / "odoo-driver",
            *("--address", "127.0.0.1", "--port", str(port), "--unsecure"),
        ],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if popen.poll() is not None:
                raise RuntimeError("odoo-driver does not start")
            time.sleep(0.05)
        yield url
    finally:
        popen.terminate()
        popen.wait()


def _answers(url: str) -> bool:
    try:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        connection.request("GET", STATUS)
        return connection.getresponse().status == 200
    except OSError:
        return False
