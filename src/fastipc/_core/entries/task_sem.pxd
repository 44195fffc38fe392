# System calls on System V semaphores.

from cpython.ref cimport PyObject


cdef enum:
    FEW_SOPS = 64  # operations that are converted on the stack

ctypedef struct sops_t:  # the operations of one call
    sembuf_t few[64]  # FEW_SOPS
    sembuf_t *sops  # `few`, memory of the host, or what `view` shows
    int64_t nsops
    bint allocated
    bint beyond  # an operation of a size that no short has
    Py_buffer view


cdef extern from *:
    """
    /* The head of NumPy's PyArrayObject_fields, which is part of its binary interface. */
    typedef struct {
        PyObject_HEAD
        char *data;
        int nd;
        Py_ssize_t *dimensions;
        Py_ssize_t *strides;
        PyObject *base;
        PyObject *descr;
        int flags;
    } fastipc_ndarray;
    """
    ctypedef struct ndarray_t "fastipc_ndarray":
        char *data
        int nd
        Py_ssize_t *dimensions
        PyObject *descr
        int flags


cdef class SemCalls(ShmCalls):
    cdef int64_t begin_semget(self, object key, object nsems, object semflg) except? -1
    cdef object operate_several(self, int32_t semid, object sops, object timeout, bint timed, bint raw)
    cdef object operated(self, int64_t ret, bint raw)
    cdef object operate_user(self, int64_t semid, object sops, object timeout, bint timed, bint raw)
    cdef int64_t semctl_values(self, int32_t semid, int32_t cmd, uint16_t *values, int64_t n) except? -1
    cdef object semctl_all(self, object semid, int64_t cmd, object arg)
    cdef object semctl_result(self, int64_t ret, semctl_t *buf)
