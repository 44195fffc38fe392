"""Random settings of timers against a slow, obvious model of one process that is driven by hand."""

import random

import pytest

import fastipc
from fastipc import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    ITIMER_REAL,
    SIG_BLOCK,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGALRM,
    SIGEV_NONE,
    TIMER_ABSTIME,
)

SECOND = 10**9
BOOT = 10**9 * SECOND
SIGNALS = (SIGALRM, 40, 41)


class Timer:
    """A POSIX timer: `expires` is None while it is not armed."""

    def __init__(self, id, sig, none):
        self.id, self.sig, self.none = id, sig, none
        self.expires = self.interval = None
        self.seq = self.sent = 0  # what is pending is void if they differ
        self.missed = self.overrun = 0
        self.waits = False  # for its signal to be taken
        self.queued = self.ignored = self.periodic = False

    def forward(self, now):
        """Move behind `now`; how many times were over."""
        n = 0 if self.expires > now else (now - self.expires) // self.interval + 1
        self.expires += n * self.interval
        return n


class Model:
    """A process with one thread, as the manual pages tell it."""

    def __init__(self):
        self.now, self.timers, self.next_id = 0, {}, 0
        self.queue = []  # pending: (number, timer or None), in the order of sending
        self.blocked, self.action = set(), dict.fromkeys(SIGNALS, "handler")
        self.ignored = []
        self.alarm = self.incr = None
        self.seen = []
        self.armed = []  # what goes off, in the order of arming

    # ------------------------------------------------------------------------------------------ time
    def run(self, until):
        while self.armed:
            when = min(x.expires if isinstance(x, Timer) else self.alarm for x in self.armed)
            if when > until:
                break
            self.now = when
            due = [x for x in self.armed if (x.expires if isinstance(x, Timer) else self.alarm) == when]
            self.armed = [x for x in self.armed if x not in due]
            for x in due:
                self.fire(x) if isinstance(x, Timer) else self.send(SIGALRM, None)
            self.deliver()
        self.now = until

    def fire(self, timer):
        timer.waits = timer.interval > 0
        timer.periodic = timer.waits
        timer.sent = timer.seq
        if self.action[timer.sig] == SIG_IGN and timer.sig not in self.blocked:
            if timer.waits and not timer.queued:
                if timer not in self.ignored:
                    self.ignored.insert(0, timer)
            elif timer in self.ignored:
                self.ignored.remove(timer)
            return
        if not timer.queued:
            if timer in self.ignored:
                self.ignored.remove(timer)
            self.enqueue(timer)

    def enqueue(self, timer):
        timer.queued = True
        self.queue.append((timer.sig, timer))

    def send(self, sig, timer):
        if self.action[sig] == SIG_IGN and sig not in self.blocked:
            return
        if not any(number == sig for number, _ in self.queue):
            self.queue.append((sig, None))

    # ------------------------------------------------------------------------------------------ taking
    def take(self, which):
        """The next signal of a set: (number, timer's id or -1, overrun), or None."""
        while True:
            pending = sorted({number for number, _ in self.queue if number in which})
            if not pending:
                return None
            at = next(i for i, (number, _) in enumerate(self.queue) if number == pending[0])
            sig, timer = self.queue.pop(at)
            if sig == SIGALRM and self.incr and "alarm" not in self.armed:
                n = 0 if self.alarm > self.now else (self.now - self.alarm) // self.incr + 1
                self.alarm += n * self.incr
                self.armed.append("alarm")
            if timer is None:
                return sig, -1, 0
            timer.queued = False
            if timer.id not in self.timers or timer.seq != timer.sent:
                continue
            overrun = 0
            if timer.interval and timer.waits:
                overrun = timer.overrun = timer.missed + timer.forward(self.now) - 1
                timer.missed, timer.waits = 0, False
                timer.seq += 1
                self.armed.append(timer)
            return sig, timer.id, overrun

    def deliver(self):
        while True:
            taken = self.take(set(SIGNALS) - self.blocked)
            if taken is None:
                return
            if self.action[taken[0]] == "handler":
                self.seen.append((self.now, *taken))

    # ------------------------------------------------------------------------------------------ calls
    def create(self, sig, none):
        self.timers[self.next_id] = Timer(self.next_id, sig, none)
        self.next_id += 1
        return self.next_id - 1

    def get(self, timer):
        if timer.expires is None:
            return 0, 0
        if timer.interval == 0 and not timer.none and timer not in self.armed:
            return 0, 0
        if timer.interval and timer not in self.armed:
            timer.missed += timer.forward(self.now)
        left = timer.expires - self.now
        return left if left > 0 else 0 if timer.none else 1, timer.interval

    def settime(self, id, value, interval, absolute):
        timer = self.timers[id]
        old = self.get(timer)
        timer.seq += 1
        if timer in self.armed:
            self.armed.remove(timer)
        timer.interval, timer.missed, timer.overrun, timer.waits = interval if value else 0, 0, 0, False
        if value:
            timer.expires = value if absolute else self.now + value
            if not timer.none and timer.expires > self.now:
                self.armed.append(timer)
            elif not timer.none:
                self.fire(timer)
        elif timer.expires is None:
            timer.interval = None if timer.expires is None else 0
        self.deliver()
        return old

    def delete(self, id):
        timer = self.timers.pop(id)
        if timer in self.armed:
            self.armed.remove(timer)
        if timer in self.ignored:
            self.ignored.remove(timer)

    def itimer(self):
        return (self.alarm - self.now if "alarm" in self.armed else 0), self.incr or 0

    def setitimer(self, value, interval):
        old = self.itimer()
        if "alarm" in self.armed:
            self.armed.remove("alarm")
        self.incr = interval if value else 0
        if value:
            self.alarm = self.now + value
            self.armed.append("alarm")
        return old

    def act(self, sig, action):
        was, self.action[sig] = self.action[sig], action
        if action == SIG_IGN:
            for _, timer in [pair for pair in self.queue if pair[0] == sig]:
                if timer is not None:
                    timer.queued = False
                    if timer.id in self.timers and timer.periodic:
                        self.ignored.insert(0, timer)
            self.queue = [pair for pair in self.queue if pair[0] != sig]
        elif was == SIG_IGN:
            for timer in [timer for timer in self.ignored if timer.sig == sig]:
                self.ignored.remove(timer)
                self.enqueue(timer)
        self.deliver()

    def overrun(self, id):
        return self.timers[id].overrun


def ns(setting):
    """An `ItimerVal` in ns."""
    return round(setting.it_value * 1e9), round(setting.it_interval * 1e9)


@pytest.mark.parametrize("seed", range(60))
def test_random_timers_against_a_model(k, seed):
    rng, model, t, seen = random.Random(seed), Model(), k.spawn(), []

    def handler(t, signo, info):
        seen.append((k.now_ns, signo, info.si_timerid if info.si_code < 0 else -1, info.si_overrun))

    for sig in SIGNALS:
        t.sigaction(sig, handler, mask=SIGNALS)
    model_mask = set()
    for _ in range(150):
        draw, ids = rng.random(), list(model.timers)
        id = rng.choice(ids) if ids else None
        value = rng.choice((0, 1, 2, 5, 10, 30)) * SECOND // 10
        interval = rng.choice((0, 0, 1, 3, 7)) * SECOND // 10
        if id is None or draw < 0.08:
            sig, none = rng.choice(SIGNALS), rng.random() < 0.15
            clock = rng.choice((CLOCK_MONOTONIC, CLOCK_REALTIME))
            made = t.timer_create(clock, sig, notify=SIGEV_NONE if none else 0)
            assert made == model.create(sig, none)
            model.timers[made].boot = BOOT if clock == CLOCK_REALTIME else 0
        elif draw < 0.35:
            if rng.random() < 0.3:
                at = max(k.now_ns + rng.randrange(-20, 20) * SECOND // 10, 1)
                told = t.sys_timer_settime(id, 0, 0, 0)
                model.settime(id, 0, 0, False)
                assert told == 0
                row = t.mmap(4096, 3, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
                words = (0, interval, *divmod(at + model.timers[id].boot, SECOND))
                t.store(row, b"".join(word.to_bytes(8, "little") for word in words))
                assert t.syscall("timer_settime", id, TIMER_ABSTIME, row, 0) == 0
                model.settime(id, at, interval, True)
                t.munmap(row, 4096)
            else:
                told = ns(t.timer_settime(id, value / SECOND, interval / SECOND))
                assert told == model.settime(id, value, interval, False)
        elif draw < 0.45:
            assert ns(t.timer_gettime(id)) == model.get(model.timers[id])
        elif draw < 0.52:
            assert t.timer_getoverrun(id) == model.overrun(id)
        elif draw < 0.56:
            t.timer_delete(id)
            model.delete(id)
        elif draw < 0.62:
            assert ns(t.setitimer(ITIMER_REAL, value / SECOND, interval / SECOND)) == model.setitimer(value, interval)
        elif draw < 0.66:
            assert ns(t.getitimer(ITIMER_REAL)) == model.itimer()
        elif draw < 0.74:
            some, block = {rng.choice(SIGNALS)}, rng.random() < 0.5
            t.sigprocmask(SIG_BLOCK if block else SIG_UNBLOCK, some)
            model_mask = model_mask | some if block else model_mask - some
            model.blocked = model_mask
            model.deliver()
        elif draw < 0.8:
            sig, action = rng.choice(SIGNALS), rng.choice(("handler", SIG_IGN))
            t.sigaction(sig, handler if action == "handler" else SIG_IGN, mask=SIGNALS)
            model.act(sig, action)
        elif draw < 0.86:
            some = {rng.choice(SIGNALS)} & model_mask
            taken = None
            try:
                info = t.sigtimedwait(some, 0)
                taken = info.si_signo, info.si_timerid if info.si_code < 0 else -1, info.si_overrun
            except BlockingIOError:
                pass
            assert taken == model.take(some)
        else:
            until = k.now_ns + rng.randrange(30) * SECOND // 10
            k.run(until_ns=until)
            model.run(until)
        k.verify()
        # Handlers of several signals that are taken together run in the reverse order of their frames.
        assert sorted(seen) == sorted(model.seen)
        assert t.sigpending() == {number for number, _ in model.queue} & model_mask
