# Frames of handlers on the stack of a task, in its own memory. Source: arch/x86/kernel/signal_64.c,
# arch/x86/include/uapi/asm/sigcontext.h, include/uapi/asm-generic/ucontext.h.

ctypedef struct sigcontext_t:  # struct sigcontext_64
    pt_regs_t regs
    uint64_t segments  # cs, gs, fs, ss, of 16 bits each
    uint64_t err
    uint64_t trapno
    uint64_t oldmask
    uint64_t cr2
    uint64_t fpstate  # 0: the program has not used the floating-point unit, as none here does
    uint64_t reserved[8]

ctypedef struct stack_t:
    uint64_t ss_sp
    int32_t ss_flags
    uint32_t pad
    uint64_t ss_size

ctypedef struct rt_sigframe_t:
    uint64_t pretcode
    uint64_t uc_flags
    uint64_t uc_link
    stack_t uc_stack
    sigcontext_t uc_mcontext
    uint64_t uc_sigmask
    kernel_siginfo_t info
    uint64_t info_rest[10]  # to the 128 bytes of a siginfo

cdef enum:  # where parts of a frame are
    FRAME_UC = 8
    FRAME_INFO = 312
    RED_ZONE = 128
    UC_SIGCONTEXT_SS = 2
    UC_STRICT_RESTORE_SS = 4
    FXSAVE_SIZE = 512
    FXSAVE_MXCSR = 24
    MXCSR_RESERVED = 0xffff0000

cdef enum:
    USER_CS = 0x33
    USER_DS = 0x2b
    USER_SEGMENTS = 0x2b000000000033  # cs and ss
    SEGMENTS_MASK = 0xffff00000000ffff
    SEGMENTS_RPL = 0x3000000000003  # the privilege level of both
    EFLAGS = 0x246

cdef thread_t *task_thread(kernel_t *k, task_t *t) noexcept nogil  # made if it has none: nothing can fail
cdef void copy_thread(kernel_t *k, task_t *t, task_t *c, bint shares_vm) noexcept nogil
cdef void exit_thread(kernel_t *k, task_t *t) noexcept nogil
cdef void user_regs(kernel_t *k, task_t *t, pt_regs_t *regs) noexcept nogil  # what t.regs shows
cdef int64_t rt_sigreturn(kernel_t *k, task_t *t) noexcept nogil  # as exit_to_user_mode
cdef void drop_frames(kernel_t *k, task_t *t) noexcept nogil
cdef void keep_kills(kernel_t *k) noexcept nogil  # no frame is without the record of the call that it interrupts
cdef void siglongjmp(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_sigaltstack(kernel_t *k, task_t *t, const stack_t *ss, stack_t *old) noexcept nogil


cdef inline bint handler_waits(kernel_t *k, task_t *t) noexcept nogil:
    # Whether the handler of the frame on top is still to be begun.
    return unlikely(t.sigframe != 0) and sigframe_row(k, t.sigframe).started == 0
