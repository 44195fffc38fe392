"""fastipc.batch.sem: the answers of the machine, for many sets at once."""

import numpy as np
import pytest

import fastipc
from fastipc import GETALL, IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, SEM_UNDO, SETALL, batch


def random_lists(rng, sets, n, width):
    lists = np.zeros((sets, width), fastipc.SEMBUF)
    lists["sem_num"] = rng.integers(0, n, lists.shape)
    lists["sem_num"][rng.random(lists.shape) < 0.01] = n
    lists["sem_op"] = rng.choice([-2, -1, -1, 0, 1, 1, 2, 32767], lists.shape)
    lists["sem_flg"] = IPC_NOWAIT * (rng.random(lists.shape) < 0.3) | SEM_UNDO * (rng.random(lists.shape) < 0.3)
    return lists


@pytest.mark.parametrize("seed", range(6))
def test_the_answers_of_the_machine(k, seed):
    rng = np.random.default_rng(seed)
    sets, n, width = 40, int(rng.integers(1, 5)), int(rng.integers(1, 6))
    values = rng.integers(0, 3, (sets, n)).astype(np.int32)
    adj = np.zeros((sets, n), np.int16)
    t = k.spawn()
    ids = [t.semget(IPC_PRIVATE, n, 0o600) for _ in range(sets)]
    for semid, row in zip(ids, values, strict=True):
        t.semctl(semid, 0, SETALL, row.tolist())
    for _ in range(8):
        lists = random_lists(rng, sets, n, width)
        counts = rng.integers(0, width + 1, sets)
        got = batch.sem.semop(values, lists, counts, adj)
        for i, semid in enumerate(ids):
            want = machine(t, semid, lists[i, : counts[i]])
            assert got[i] == want
            assert t.semctl(semid, 0, GETALL) == values[i].tolist()
    t.exit_group()
    batch.sem.exit_undo(values, adj)
    root = k.spawn()
    assert [root.semctl(semid, 0, GETALL) for semid in ids] == values.tolist()
    for semid in ids:
        root.semctl(semid, 0, IPC_RMID)


def machine(t, semid, sops):
    """What the machine's call answers; it is given up if it sleeps."""
    call = t.submit("sys_semop", semid, sops)
    if call.done():
        return call.result()
    call.cancel()
    return batch.sem.SLEEPS


def test_one_list_for_all():
    values = np.zeros((1000, 2), np.int32)
    assert not batch.sem.semop(values, np.array([[[0, 3, 0], [1, 1, 0]]], np.int16)).any()
    assert (values == [3, 1]).all()
    values[::2, 1] = 0
    assert batch.sem.semop(values, fastipc.sops((0, 1), (1, -1))[None]).tolist() == [1, 0] * 500


def test_what_is_refused():
    values = np.zeros((2, 1), np.int32)
    lists = fastipc.sops((0, 1))[None]
    with pytest.raises(TypeError, match="values"):
        batch.sem.semop(values.astype(np.int64), lists)
    with pytest.raises(TypeError, match="sops"):
        batch.sem.semop(values, np.zeros((1, 1), np.int16))
    with pytest.raises(ValueError, match="lists"):
        batch.sem.semop(values, np.repeat(lists, 3, 0))
    with pytest.raises(ValueError, match="nsops"):
        batch.sem.semop(values, lists, 2)
    with pytest.raises(ValueError, match="semadj"):
        batch.sem.semop(values, fastipc.sops((0, 1, SEM_UNDO))[None])
    with pytest.raises(TypeError, match="semadj"):
        batch.sem.semop(values, lists, None, np.zeros((1, 1), np.int16))
    assert (batch.sem.semop(values, np.zeros((1, 501), fastipc.SEMBUF)) == -fastipc.E2BIG).all()
    with pytest.raises(AttributeError):
        batch.nothing  # noqa: B018
