"""What pip and uv are told: the steps of the set-up, where packages come from, and what their words mean."""
import ast
import os
import re
import subprocess
from pathlib import Path
from typing import Iterator

FOR_UV = {                                              # what pip calls it -> what uv calls it
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "HTTPS_PROXY",
    "trusted-host": "UV_INSECURE_HOST",
}
FOR_PIP = (*FOR_UV, "client-cert", "timeout", "default-timeout", "retries", "cache-dir")
UV_KEPT = (*FOR_UV.values(), "UV_INDEX_URL", "UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_LINK_MODE", "UV_NATIVE_TLS",
           "UV_SYSTEM_CERTS")


def steps(root: Path, scripts: Path, python: Path, wheels: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Names and commands of the steps that fill a fresh environment."""
    local = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    tool = scripts.parent / "uv.txt"
    tool.write_text(pinned("uv", root / "requirements.lock"), encoding="utf-8")
    uv = [str(scripts / "uv"), "pip", "install", "--no-config", "--python", str(python), "--no-deps", "--compile-bytecode", *local]
    yield "installer", [str(python), "-I", "-m", "pip", "install", "--no-deps", "--only-binary=:all:",
                        "--require-hashes", *local, "-r", str(tool)]
    yield "packages", [*uv, "--no-build", "--require-hashes", "-r", str(root / "requirements.lock")]
    yield "course", [*uv, "--offline", "--no-build-isolation", "--editable", str(root)]


def pinned(name: str, lock: Path) -> str:
    """The lines of a lock that pin one package, with its hashes.

    Raises
    ------
    LookupError
        The lock does not pin it.
    """
    found = re.search(rf"^{re.escape(name)}==.*(?:\n .*)*", lock.read_text(encoding="utf-8"), re.M)
    if not found:
        raise LookupError(f"{lock.name} does not pin {name}; CONTRIBUTING.md says how to write the lock")
    return found[0] + "\n"


def settings(environ: dict[str, str], where: dict[str, str]) -> dict[str, str]:
    """An environment in which pip and uv know where packages come from, and no other setting of this machine.

    pip's settings files are not read again (a `target` or `user = true` in them would lead it astray); the address,
    proxy and certificates that they name are passed on, to uv as well.

    Parameters
    ----------
    where : of `asked` or `read_settings`
    """
    kept = {name: value for name, value in environ.items()
            if not name.startswith(("PIP_", "UV_")) or name in UV_KEPT}
    for name, value in where.items():
        kept["PIP_" + name.upper().replace("-", "_")] = value
        if name in FOR_UV:
            kept.setdefault(FOR_UV[name], value)
    quiet = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return {"PIP_RETRIES": "2", "UV_HTTP_RETRIES": "2", **kept, **quiet}


def asked(python: Path) -> dict[str, str]:
    """What this machine's settings, by files and by variables, say about where packages come from."""
    said = subprocess.run([str(python), "-I", "-m", "pip", "config", "list"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    return read_settings(said.stdout, dict(os.environ))


def read_settings(said: str, environ: dict[str, str]) -> dict[str, str]:
    """Settings that say where packages come from, out of the words of `pip config list` and the environment.

    >>> read_settings("global.cert='/c'\\ninstall.target='/elsewhere'", {"PIP_RETRIES": "1"})
    {'cert': '/c', 'retries': '1'}
    """
    found = {}
    for line in said.splitlines():
        matched = re.fullmatch(r"(?:global|install|download)\.([\w-]+)=(.+)", line.strip())
        if matched and matched[1] in FOR_PIP:
            found[matched[1]] = str(ast.literal_eval(matched[2]))
    for name in FOR_PIP:
        value = environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            found[name] = value
    return found


NETWORK = (r"NewConnectionError|ConnectTimeout|ConnectionError|Failed to establish|error sending request|[Cc]onnection refused|"
           r"dns error|[Cc]ould not connect|[Nn]etwork is unreachable|name resolution|timed out|Connection reset|ReadTimeout")
CAUSES = (                                              # pattern in the words of an installer -> sentence
    (r"No space left|os error 28|not enough space|os error 112|Disk quota",
     "the disk is full; free about 2 GB and start again."),
    (r"Read-only file system|PermissionError|Permission denied|os error 13|os error 30|Access is denied",
     "{root} cannot be written; copy the course to a folder of your own and start it there."),
    (r"DO NOT MATCH THE HASHES|[Hh]ash mismatch",
     "a package is not the one that the course was tested with; download it, or fill the folder of wheels, again, from "
     "another network if need be."),
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|UnknownIssuer|invalid peer certificate",
     "the network presents a certificate that is not known here; name your organisation's in SSL_CERT_FILE and start again."),
    (NETWORK,
     "the packages cannot be downloaded, there is no way to the package index; connect to the internet (behind a proxy set "
     "HTTPS_PROXY), or bring a folder of wheels: python3 -m course_lib --wheels FOLDER"),
    (r"No matching distribution|not found in the provided package|no usable wheels|no wheels|there is no version",
     "a package for this system and Python is lacking ({last}); use a Python and system that README.md names, or fill the "
     "folder of wheels on such a one: python3 -m course_lib wheels FOLDER"),
    (r"ensurepip|Failing command",
     "this Python cannot make environments ({last}); on Debian and Ubuntu: sudo apt install python3-venv, elsewhere use "
     "Python from python.org."),
)


def explain(said: str, root: Path) -> str:
    """One sentence for what an installer or the system said: what is wrong, and what to do."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = next((line for line in lines if re.match(r"error\b", line, re.I)), lines[-1] if lines else "no word")
    for pattern, sentence in CAUSES:
        if re.search(pattern, said):
            return sentence.format(root=root, last=last)
    return f"the set-up failed: {last} (more in {root / '.venv-setup.log'}); start again to try once more."
