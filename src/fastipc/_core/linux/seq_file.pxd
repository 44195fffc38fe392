# Text that a proc file is made of when it is read. Source: fs/seq_file.c. The buffer is host memory and grows.


cdef extern from "<stdio.h>" nogil:
    int snprintf(char *to, size_t n, const char *format, ...)

ctypedef struct seq_file_t:  # struct seq_file
    char *buf
    int64_t size
    int64_t count
    bint failed  # the host has no memory
    uint32_t user_ns  # of whom it was opened by
    uint32_t pid_ns
    uint32_t told  # the user namespace that it tells of


cdef inline char *seq_room(seq_file_t *m, int64_t n) noexcept nogil:
    # Where the next `n` bytes go, or NULL.
    cdef char *grown
    if m.count + n > m.size:
        grown = <char *>realloc(m.buf, <size_t>(2 * m.size + n + 512))
        if grown == NULL:
            m.failed = True
            return NULL
        m.buf = grown
        m.size = 2 * m.size + n + 512
    return m.buf + m.count


cdef inline void seq_puts(seq_file_t *m, const char *text) noexcept nogil:
    cdef int64_t n = <int64_t>strlen(text)
    cdef char *to = seq_room(m, n)
    if to != NULL:
        memcpy(to, text, n)
        m.count += n


cdef inline void seq_escape(seq_file_t *m, const char *text) noexcept nogil:
    # seq_escape_str: the ends of lines and backslashes as in C.
    cdef char[3] c
    c[2] = 0
    while text[0]:
        c[0] = c"\\"
        c[1] = c"n" if text[0] == c"\n" else text[0]
        seq_puts(m, &c[0 if text[0] == c"\n" or text[0] == c"\\" else 1])
        text += 1


cdef inline void seq_number(seq_file_t *m, const char *format, int64_t value) noexcept nogil:
    # One number in the manner of printf; at most 64 characters.
    cdef char *to = seq_room(m, 64)
    if to != NULL:
        m.count += snprintf(to, 64, format, value)


cdef inline void seq_free(seq_file_t *m) noexcept nogil:
    free(m.buf)
