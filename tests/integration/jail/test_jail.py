"""Code that runs in a jail computes and answers; at anything else the kernel ends it, and its neighbours go on."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from domain.jail.inmate import MAX_REASON
from domain.jail.process import Crashed, Jail, Starved, TooSlow
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
PROGRAM = "tests.integration.jail.program"
HERE = os.getpid()

FORBIDDEN = {
    "read a file": "os.open('/etc/passwd', os.O_RDONLY)",
    "read what the parent was started with": f"os.open('/proc/{HERE}/environ', os.O_RDONLY)",
    "read its own memory map": "os.open('/proc/self/maps', os.O_RDONLY)",
    "write a file": "os.open({path!r}, os.O_WRONLY | os.O_CREAT)",
    "make a file in memory": "os.memfd_create('x')",
    "list a folder": "os.listdir('/')",
    "look at a file": "os.stat('/etc/passwd')",
    "delete a file": "os.unlink({path!r})",
    "make a folder": "os.mkdir({path!r})",
    "change the folder": "os.chdir('/')",
    "open a socket": "socket.socket()",
    "open a socket of this machine": "socket.socket(socket.AF_UNIX)",
    "open a pair of sockets": "socket.socketpair()",
    "open a pipe": "os.pipe()",
    "double what is open": "os.dup(0)",
    "connect what is open": "libc.connect(0, b'x' * 16, 16)",
    "execute a program": "os.execv('/bin/true', ['/bin/true'])",
    "fork": "os.fork()",
    "start a thread": "__import__('_thread').start_new_thread(print, ())",
    "kill the parent": f"os.kill({HERE}, 9)",
    "ask whether the parent is there": f"os.kill({HERE}, 0)",
    "kill everybody": "os.kill(-1, 9)",
    "trace the parent": f"libc.ptrace(16, {HERE}, 0, 0)",
    "read the parent's memory": f"libc.process_vm_readv({HERE}, 0, 0, 0, 0, 0)",
    "limit the parent": f"resource.prlimit({HERE}, resource.RLIMIT_CPU, (0, 0))",
    "map memory that can be executed": "mmap.mmap(-1, 4096, prot=7)",
    "make memory executable": "libc.mprotect(0, 4096, 5)",
    "become root": "os.setuid(0)",
    "change what it is": "libc.personality(0x20000)",
    "leave its namespaces": "libc.unshare(0x10000000)",
    "mount": "libc.mount(b'x', b'/', b'proc', 0, 0)",
    "load a program into the kernel": "libc.syscall(321, 0, 0, 0)",
    "take another filter": "libc.syscall(317, 0, 0, 0)",
    "use a ring of requests": "libc.syscall(425, 1, 0)",
    "call by the numbers of x32": "libc.syscall(0x40000000 + 39)",
    "type into a terminal": "libc.ioctl(0, 0x5412, b'x')",
}


@pytest.fixture(scope="module")
def jail():
    jail = Jail(PROGRAM)
    yield jail
    jail.close()


def soon(seconds=20):
    return time.monotonic() + seconds


def run(jail, code):
    """Return what code says in a process of its own; raise Crashed if it is killed."""
    process = jail.start(soon())
    done, answer = process.ask(code.encode(), soon())
    process.kill()
    assert done
    return answer.decode()


def test_it_computes_gets_memory_knows_the_time_and_draws_random_numbers(jail):
    assert run(jail, "result = sum(range(1000))") == "499500"
    assert run(jail, "result = len(bytes(50_000_000))") == "50000000"
    assert run(jail, "result = time.monotonic() > 0 and len(os.urandom(8))") == "8"


@pytest.mark.parametrize("deed", FORBIDDEN)
def test_it_is_ended_when_it_tries_to(deed, jail, tmp_path):
    path = tmp_path / "there"
    with pytest.raises(Crashed):
        run(jail, "result = " + FORBIDDEN[deed].replace("{path!r}", repr(str(path))))
    assert not path.exists()
    assert run(jail, "result = 1") == "1"


def test_it_is_none_of_us_and_holds_nothing(jail):
    process = jail.start(soon())
    seen = psutil.Process(process.pid)
    assert seen.num_threads() == 1
    status = dict(line.split(":\t") for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    if os.getuid() == 0:
        assert seen.environ() == {
            "TZ": "UTC0",
            "TMPDIR": tempfile.gettempdir(),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "ORT_DISABLE_TELEMETRY": "1",
        }
        assert seen.num_fds() == 3
        other = jail.start(soon())
        assert len({0, *seen.uids(), *seen.gids(), *psutil.Process(other.pid).uids()}) == 3
        assert status["Groups"].strip() == ""
        other.kill()
    process.kill()


@pytest.mark.parametrize(("limit", "value"), [("NOFILE", 3), ("NPROC", 0), ("FSIZE", 0), ("CORE", 0)])
def test_it_is_limited(limit, value, jail):
    assert run(jail, f"result = resource.getrlimit(resource.RLIMIT_{limit})") == f"({value}, {value})"


@pytest.mark.parametrize("limit", ["AS", "DATA"])
def test_its_memory_is_limited_beyond_what_it_had_when_it_was_ready(limit, jail):
    most = int(run(jail, f"result = resource.getrlimit(resource.RLIMIT_{limit})[0]"))
    assert 512 * 2**20 < most < 512 * 2**20 + 400 * 2**20


def test_a_program_may_have_limits_of_its_own(jail):
    roomy = Jail("tests.integration.jail.roomy_program")
    assert run(roomy, "result = len(bytes(600_000_000))") == "600000000"
    assert 30 <= int(run(roomy, "result = resource.getrlimit(resource.RLIMIT_CPU)[0]")) <= 33
    assert run(roomy, FORBIDDEN["read a file"]) == "FileNotFoundError(2, 'No such file or directory')"
    with pytest.raises(Crashed):
        run(roomy, FORBIDDEN["look at a file"])
    roomy.close()


def test_it_runs_out_of_memory_and_of_processor_time(jail):
    assert run(jail, "result = bytes(600_000_000)") == "MemoryError()"
    assert run(jail, "result = resource.getrlimit(resource.RLIMIT_CPU)[0] <= 21") == "True"


def test_native_code_that_crashes_ends_its_own_process_and_no_neighbour(jail):
    neighbour, process = jail.start(soon()), jail.start(soon())
    with pytest.raises(Crashed):
        process.ask(b"ctypes.string_at(0)", soon())
    assert neighbour.ask(b"result = 2", soon()) == (True, b"2")
    neighbour.kill()


def test_one_that_hangs_is_ended_at_the_deadline_and_no_neighbour(jail):
    neighbour, process = jail.start(soon()), jail.start(soon())
    with pytest.raises(TooSlow):
        process.ask(b"while True: pass", soon(0.3))
    wait_until(lambda: not psutil.pid_exists(process.pid))
    assert neighbour.ask(b"result = 2", soon()) == (True, b"2")
    neighbour.kill()


def test_one_that_was_given_no_processor_is_told_from_one_that_computes_too_long(jail, monkeypatch):
    monkeypatch.setattr("domain.jail.process.LEAST_SHARE", 0.01)  # this machine may be busy as well
    standing, computing = jail.start(soon()), jail.start(soon())
    os.kill(standing.pid, signal.SIGSTOP)
    with pytest.raises(Starved):
        standing.ask(b"result = 2", soon(0.3))
    with pytest.raises(TooSlow) as refused:
        computing.ask(b"while True: pass", soon(1))
    assert type(refused.value) is TooSlow


@pytest.mark.parametrize(
    "said", ["b'+' + b'\\xff' * 4", "b'-' + (3000).to_bytes(4, 'big') + bytes(3000)", "b'+'", "b'-\\0\\0\\0\\x09x'"]
)
def test_an_answer_that_is_none_is_a_crash(said, jail):
    process = jail.start(soon())
    with pytest.raises(Crashed):
        process.ask(f"os.write(0, {said}); os._exit(0)".encode(), soon())


def test_a_refusal_comes_with_its_reason_and_the_process_goes_on(jail):
    process = jail.start(soon())
    assert process.ask(b"raise ValueError('not like this')", soon()) == (False, b"not like this")
    assert process.ask(f"raise ValueError('x' * {MAX_REASON + 1})".encode(), soon()) == (False, b"x" * MAX_REASON)
    assert process.ask(b"result = 3", soon()) == (True, b"3")
    process.kill()


def test_no_process_stays_behind(jail):
    for _ in range(3):
        jail.start(soon()).kill()
    keeper = next(c for c in psutil.Process().children() if PROGRAM in c.cmdline())
    wait_until(lambda: keeper.children() == [])


def test_a_keeper_that_is_killed_takes_its_processes_with_it_and_is_replaced():
    jail = Jail(PROGRAM)
    process = jail.start(soon())
    (keeper,) = [parent for parent in psutil.Process(process.pid).parents()[:1] if PROGRAM in parent.cmdline()]
    inmate = psutil.Process(process.pid)
    keeper.kill()
    wait_until(lambda: not inmate.is_running() or inmate.status() == psutil.STATUS_ZOMBIE)
    with pytest.raises(Crashed):
        process.ask(b"result = 1", soon())
    assert run(jail, "result = 4") == "4"
    jail.close()


def test_threads_share_a_jail(jail):
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(run(jail, f"result = {n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [str(n) for n in range(8)]


def test_a_program_that_cannot_get_ready_is_no_endless_loop(capfd):
    with pytest.raises(Crashed):
        Jail("tests.integration.jail.no_such_program").start(soon())
    assert "no_such_program" in capfd.readouterr().err


def test_this_system_denies_nothing(jail):
    assert jail.denied(soon()) == []


WITHOUT_A_FILTER = f"""
import ctypes, logging, sys, time
from domain.jail import enclosing, seccomp
from domain.jail.process import Jail

enclosing._control(enclosing.NO_NEW_PRIVS, 1)
logging.basicConfig(format="%(message)s", stream=sys.stdout)
column, _ = seccomp.MACHINES[seccomp.platform.machine()]
refuse = seccomp._step(seccomp.RETURN, 0x00050000 | 38)
steps = [seccomp._step(seccomp.LOAD, 0), seccomp._step(seccomp.EQUALS, seccomp.SECCOMP[column], otherwise=1), refuse]
seccomp._put_on(b"".join([*steps, seccomp._step(seccomp.RETURN, seccomp.ALLOW)]), seccomp.SECCOMP[column])
jail = Jail({PROGRAM!r})
for code in (b"result = 5", b"os.open('/etc/passwd', os.O_RDONLY)", b"os.fork()"):
    process = jail.start(time.monotonic() + 20)
    print(process.ask(code, time.monotonic() + 20)[1].decode())
    process.kill()
print(jail.denied(time.monotonic() + 20))
"""


def test_a_kernel_without_filters_is_told_once_and_the_rest_of_the_jail_stands():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_FILTER], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told, *answers, denied = done.stdout.splitlines()
    missing = "the kernel takes no system call filter: Function not implemented"
    assert told == f"{PROGRAM} is enclosed in part only: {missing}"
    refused = ["OSError(24, 'Too many open files')", "BlockingIOError(11, 'Resource temporarily unavailable')"]
    assert answers == ["5", *refused]
    assert denied == repr([missing])
    assert done.stderr == ""


HARMLESS = ["read a file", "list a folder", "open a socket", "start a thread", "fork", "open a pipe"]


@pytest.mark.parametrize("deed", HARMLESS)
def test_outside_the_same_code_does_it(deed):
    """Or the jail would be praised for what nobody can do."""
    code = f"from {PROGRAM} import answer; print(answer({('result = ' + FORBIDDEN[deed]).encode()!r}).decode())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Error" not in done.stdout
