# Every struct of the simulated machine, once. NumPy and Numba take the dtype from here (`layout.pyx`).
#
# Rules for a row: fixed-width integers, no pointers, no array of structs; `live` first (0 = free row), `link` second
# (the next free row while it is free). Rows name rows by index; index 0 is "none" in every table, so a zeroed row
# refers to nothing. Fields are grouped by who writes them.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


# ---------------------------------------------------------------------------------------------- waiting
cdef enum:  # wait_queue_entry.kind: which queue an entry is on; `obj` is the row of that object
    WQ_NONE = 0
    WQ_PIPE_RD = 1  # pipe.rd_wait
    WQ_PIPE_WR = 2  # pipe.wr_wait
    WQ_CHLDEXIT = 3  # signal.wait_chldexit
    WQ_SIGNALFD = 4  # sighand.signalfd_wqh

cdef enum:  # wait_queue_entry.flags
    WQ_FLAG_EXCLUSIVE = 1

cdef enum:
    LINK_POLL = 0x80000000  # a queue link with this bit names a poll_entry, else a task

ctypedef struct wait_queue_head_t:  # include/linux/wait.h
    uint32_t first  # links, see LINK_POLL
    uint32_t last

ctypedef struct wait_queue_entry_t:
    uint32_t next
    uint32_t prev
    uint32_t obj
    uint16_t kind  # WQ_NONE when on no queue
    uint16_t flags

ctypedef struct poll_entry_t:  # struct poll_table_entry, include/linux/poll.h
    uint32_t live
    uint32_t link
    wait_queue_entry_t wait
    uint32_t task  # whom to wake; 0: nobody, see linux/fasync.pyx
    uint32_t key  # events that wake
    uint32_t file  # held while the entry exists
    uint32_t next  # the next entry of the same call

ctypedef struct pollfd_t:  # struct pollfd, include/uapi/asm-generic/poll.h
    int32_t fd
    int16_t events
    int16_t revents

cdef enum:  # a number of a timer: its row, of which table the highest bits tell
    TIMER_TASK = 0  # of a task that sleeps: the task's row
    TIMER_POSIX = 0x80000000  # a POSIX timer: k_itimer
    TIMER_REAL = 0xc0000000  # the real interval timer of a process: itimer
    TIMER_TABLE = 0xc0000000  # these bits

ctypedef struct timer_t:  # one pending timer
    uint32_t live
    uint32_t link  # the next of the same slot of the wheel
    uint32_t prev
    uint32_t ahead  # a hint: the fourth after it
    uint32_t task  # its own number
    uint32_t seq  # order of arming, modulo 2**32: equal times fire oldest first
    int64_t expires  # ns of virtual time

cdef enum:  # the wheel of timers: digits of a time, from the lowest
    LVL_BITS = 8
    LVL_SIZE = 256  # slots of a level
    LVL_DEPTH = 8  # levels

ctypedef struct timer_slot_t:
    uint32_t first  # in order of arming
    uint32_t last
    int64_t expires  # the earliest, 0 = no timer, -1 = not known


# ---------------------------------------------------------------------------------------------- calls in progress
cdef enum:  # iov_iter.kind: where the bytes of a transfer are
    ITER_NONE = 0
    ITER_HOST = 1  # host memory, described by the host_t of the task
    ITER_USER = 2  # an address in the task's space

cdef enum:  # call.flags
    CALL_SLEPT = 1  # the mechanism function is being entered again after a sleep
    CALL_TIMEOUT = 2  # `deadline` is set
    CALL_EXPIRED = 4  # the timer fired
    CALL_BYTES = 8  # the result is a bytes object, made when its length is known
    CALL_SUBMITTED = 16  # started by Task.submit
    CALL_POLLED = 32  # poll entries are on their queues
    CALL_USER = 64  # its bytes or its results are in the task's memory, see linux/syscall_raw.pyx
    CALL_OVER = 128  # it has its result, and the task is on its way back to user code
    CALL_RESTART = 256  # it is to be made again, when the task is back in user code
    CALL_TOLD = 512  # it has been counted and traced
    CALL_SIGMASK = 2048  # another mask, in args[4], holds until it is over
    CALL_MSG = 1024  # the message that it has received is kept in the task's msg_receiver row, to be taken

cdef enum:  # call.res: what Python gets, if the call succeeds
    RES_NONE = 0
    RES_INT = 1
    RES_BYTES = 2
    RES_FDS = 3  # (out0, out1)
    RES_TASK = 4  # the Task of pid `ret`
    RES_WAIT = 5  # (pid, status)
    RES_POLL = 6  # [(fd, revents), ...]
    RES_SELECT = 7  # three lists
    RES_RLIMIT = 8  # (soft, hard)
    RES_STAT = 9
    RES_HANDLER = 10
    RES_SIGINFO = 11
    RES_MSG = 12  # (type, bytes)
    RES_MSG_INTO = 13  # (type, n)
    RES_SIGTAKEN = 14  # the info of a signal that was waited for
    RES_RAW = 32  # flag: the sys_ form, an int >= 0 or -errno

ctypedef struct iov_iter_t:  # include/linux/uio.h
    uint32_t kind
    uint32_t seg  # index of the current segment
    uint32_t nr_segs  # ITER_USER: 0 = one range; else its segments are in the call's pollfd rows
    uint32_t pad
    int64_t offset  # within the current segment; of one range of ITER_USER the address
    int64_t count  # bytes left

ctypedef struct call_t:  # one system call in progress: all that going on after a sleep, a restart or a copy needs
    int32_t nr  # x86-64 number; -1 when the task is in user code
    uint16_t flags
    uint8_t res
    uint8_t pad
    uint32_t file  # open file held while asleep
    uint32_t poll  # first poll_entry
    iov_iter_t iter
    int64_t ret
    int64_t done  # bytes already moved
    int64_t args[5]
    int64_t deadline  # ns
    int32_t out0
    int32_t out1
    uint32_t pollfds  # run of pollfd rows
    uint32_t nfds

ctypedef int64_t (*entry_t)(void *k, void *t, char *args, void **excinfo) noexcept nogil

ctypedef struct start_t:  # what a compiled program begins with; its arguments follow, then room for its result
    entry_t entry  # 0, or the status of an error, which is then in `excinfo`
    void *heap  # the newest block of its memory, see linux/heap.pxd
    const char *name  # of the program, or NULL
    void *origin  # the record of the program before an execve, which is to know of the end too
    uint32_t refs
    uint32_t state  # START_ bits
    int32_t status  # wait status word, at the end
    int32_t pid
    void *borrows  # arrays that its maker lent it
    uint64_t leaked  # bytes of Numba's containers that can no longer be freed

cdef enum:  # start.state
    START_RETURNED = 1  # the program has returned, and its result is there
    START_ENDED = 2  # the task is gone
    START_HOLDS = 4  # the result may lie in its memory
    START_OVERFLOWED = 8  # it was left in the middle of whatever it did
    START_TABLES = 16  # it has made dictionaries, or what is freed like them

ctypedef struct host_t:  # host memory of a task; not a row: never hashed, never copied
    char *base
    void *iov  # struct iovec array, used instead of base when iter.nr_segs > 1
    void *sp  # of a compiled program: where its stack was left, NULL before it begins
    start_t *start


# ---------------------------------------------------------------------------------------------- tasks
cdef enum:  # task.state
    TASK_RUNNING = 0
    TASK_INTERRUPTIBLE = 1
    TASK_UNINTERRUPTIBLE = 2
    TASK_NORMAL = 3
    TASK_STOPPED = 4
    EXIT_ZOMBIE = 32
    EXIT_DEAD = 16

cdef enum:  # task.kind: who executes the task's user code
    KIND_HAND = 0  # driven from outside
    KIND_PLAIN = 1  # a Python function on a greenlet
    KIND_GENERATOR = 2
    KIND_COMPILED = 3  # machine code on a stack of its own
    KIND_INIT = 4  # pid 1, the machine's own
    KIND_GUEST_GENERATOR = 5  # a generator program that runs a handler on a greenlet
    KIND_GUEST_COMPILED = 6  # a compiled program that does

cdef enum:  # task.flags
    TIF_SIGPENDING = 1
    PF_EXITING = 2
    PF_FORKNOEXEC = 4  # forked, and has not called execve since
    PF_NPROC_EXCEEDED = 512  # its user had too many tasks when it became that user: execve looks again
    TASK_DAEMON = 8  # may sleep for ever
    TASK_OBJECT = 16  # a Python Task refers to this row
    TASK_QUEUED = 32  # on the run queue
    TASK_ASLEEP = 64  # has left the processor: a wake-up must put it on the run queue
    TASK_BREAK = 128  # its call is being interrupted from outside: ends as by a signal without a handler
    TASK_REPORTED = 256  # on the list of ended tasks (kernel.dead_first)
    TASK_SYSV = 1024  # has a row of System V IPC (sysv_t)
    JOBCTL_STOP_PENDING = 2048  # is to stop with its process
    JOBCTL_STOP_CONSUME = 4096  # and counts in group_stop_count until it does
    TIF_RESTORE_SIGMASK = 8192  # saved_sigmask is to come back on the way to user code
    TASK_HAND_QUEUED = 16384  # on the list of tasks driven by hand that signals wait for (kernel.hand_first)
    TASK_THREAD = 32768  # has a row of registers and alternate stack (thread_t)

ctypedef struct task_t:  # struct task_struct, include/linux/sched.h; cache lines: one to wake it, two for its call
    uint32_t live
    uint32_t link
    uint32_t row  # its own number
    int32_t pid
    int32_t tgid
    uint8_t state
    uint8_t kind
    uint16_t flags
    uint32_t files
    uint32_t runq_at  # place in the run queue while TASK_QUEUED
    wait_queue_entry_t wait  # the queue that a call of one object sleeps on
    uint32_t wake_q  # next task of a wake queue; TAIL-terminated, 0 = on none
    uint32_t timer  # row of its pending timer, 0 = none
    uint32_t signal
    uint32_t wrote  # a hint for read_ahead: the open file that it wrote to last
    call_t call
    uint64_t blocked
    uint64_t pending
    uint32_t pending_list  # sigqueue row of the lowest number queued
    uint32_t sigframe  # the frame on top of its stack, 0: no handler runs
    int32_t exit_code  # wait status word
    int32_t exit_signal  # sent to the parent at the end; -1 for a thread
    uint32_t self_exec_id  # execs of this task
    uint32_t parent_exec_id  # that count of its maker's, when it was made
    uint32_t group_leader
    uint32_t thread_next  # ring of the thread group
    uint32_t thread_prev
    uint32_t real_parent
    uint32_t children  # oldest child
    uint32_t children_last
    uint32_t sibling_next
    uint32_t sibling_prev
    uint32_t cred
    uint32_t pid_next[2]  # of a leader: PIDTYPE_PGID, PIDTYPE_SID; the next older one of its group and of its session
    uint32_t pid_prev[2]
    uint32_t fs
    uint32_t sighand
    uint32_t mm
    uint64_t start_time
    uint8_t comm[16]  # TASK_COMM_LEN

cdef enum:
    TASK_COMM_LEN = 16

cdef enum:
    WAKE_Q_TAIL = 0xffffffff

cdef enum:  # signal.flags
    SIGNAL_STOP_STOPPED = 1  # all its threads have stopped
    SIGNAL_STOP_CONTINUED = 2  # it was continued, and no wait has told that yet
    SIGNAL_GROUP_EXIT = 4
    SIGNAL_CLD_STOPPED = 16  # its parent is to be told
    SIGNAL_CLD_CONTINUED = 32
    SIGNAL_UNKILLABLE = 64
    SIGNAL_CHILD_SUBREAPER = 0x10000  # finds the orphans among its descendants

ctypedef struct signal_t:  # struct signal_struct, include/linux/sched/signal.h: what the threads of a process share
    uint32_t live
    uint32_t link
    uint32_t count  # tasks that point here
    uint32_t nr_threads  # threads that have not ended
    int32_t group_exit_code
    uint32_t flags
    uint64_t shared_pending
    wait_queue_head_t wait_chldexit
    uint32_t zombies  # zombie children of the process, so that a wait with none need not look
    uint32_t rlimit
    int32_t pgrp
    int32_t session
    uint32_t curr_target  # thread that took the last signal of the process, 0: the leader
    uint32_t group_stop_count  # threads that are still to stop
    uint32_t pending_list  # as in task_t, for the whole process
    uint32_t timers  # row of itimer, 0: it never had a timer

ctypedef struct sighand_t:  # struct sighand_struct: which signals are not at their default
    uint32_t live
    uint32_t link
    uint32_t count
    uint32_t action  # run of k_sigaction rows, by signal; 0: nothing but what the sets below say
    uint64_t ignored
    uint64_t caught
    wait_queue_head_t signalfd_wqh

ctypedef struct k_sigaction_t:  # struct k_sigaction; its names are macros in C. SIG_DFL, SIG_IGN: see the sets above
    uint32_t live
    uint32_t flags  # SA_IMPLICIT too
    uint64_t handler  # address
    uint64_t mask
    uint64_t restorer
    uint32_t code  # counted row of the function at that address, 0: there is none
    uint32_t pad

ctypedef struct kernel_siginfo_t:  # the head of a siginfo and as much of the union as any signal uses
    int32_t si_signo
    int32_t si_errno
    int32_t si_code
    int32_t pad
    uint64_t fields[4]

ctypedef struct sigqueue_t:  # struct sigqueue: one queued signal; see linux/signal.pxd for the lists
    uint32_t live
    uint32_t link
    uint32_t next  # of the same number, in the order of sending
    uint32_t last  # of a first one: the last of its number
    uint32_t next_signal  # of a first one: the first of the next higher number
    uint32_t user  # counted row of whom it is charged to
    uint32_t timer  # the POSIX timer whose own this is
    uint32_t flags
    kernel_siginfo_t info

cdef enum:  # sigqueue.flags
    SIGQUEUE_PREALLOC = 1  # of a POSIX timer, even if that was deleted
    SIGQUEUE_QUEUED = 2  # of those: it is pending

cdef enum:  # k_itimer.it_status
    POSIX_TIMER_DISARMED = 0
    POSIX_TIMER_ARMED = 1
    POSIX_TIMER_REQUEUE_PENDING = 2  # goes on when its signal is taken

ctypedef struct k_itimer_t:  # struct k_itimer, include/linux/posix-timers.h: a POSIX timer
    uint32_t live
    uint32_t link
    timer_t timer  # its place in the wheel, while it is armed
    uint32_t it_signal  # row of the process
    uint32_t it_task  # of SIGEV_THREAD_ID: row of the thread, 0: it has ended
    uint32_t sigq  # its sigqueue
    uint32_t ignored_next  # of those whose signal is ignored
    int32_t it_id
    int32_t it_clock
    int32_t it_sigev_notify
    uint8_t it_status
    uint8_t it_sig_periodic  # it had an interval when its signal was sent last
    uint8_t ignored  # on the list of those
    uint8_t pad
    uint32_t it_signal_seq  # counts what makes a signal in the queue void
    uint32_t it_sigqueue_seq  # that count when the signal was sent
    int64_t it_interval  # ns
    int64_t it_expires  # ns of virtual time, or of the processor's
    int64_t it_overrun
    int64_t it_overrun_last

ctypedef struct itimer_t:  # what a process has of timers
    uint32_t live
    uint32_t link
    timer_t real_timer  # its place in the wheel, while it is armed
    int32_t tgid
    uint32_t posix_timers  # rows of k_itimer by id: an xarray
    uint32_t next_posix_timer_id
    uint32_t ignored_posix_timers  # the one whose signal was ignored last
    int64_t it_real_incr  # ns
    int64_t it_real_expires  # of ITIMER_REAL, ns of virtual time, when it was armed last
    int64_t it_expires[2]  # of ITIMER_VIRTUAL and ITIMER_PROF, ns of the processor's time; 0: disarmed
    int64_t it_incr[2]

ctypedef struct timeval_t:  # struct __kernel_old_timeval
    int64_t tv_sec
    int64_t tv_usec

ctypedef struct itimerval_t:  # struct __kernel_old_itimerval, include/uapi/linux/time.h
    timeval_t it_interval
    timeval_t it_value

ctypedef struct timespec_t:  # struct __kernel_timespec
    int64_t tv_sec
    int64_t tv_nsec

ctypedef struct itimerspec_t:  # struct __kernel_itimerspec
    timespec_t it_interval
    timespec_t it_value

ctypedef struct handler_t:  # a function of the host at an address of a program, see linux/signal_handler.pxd
    uint32_t live
    uint32_t link
    uint32_t count  # actions that name it, frames in which it runs
    uint32_t pad

ctypedef struct sigframe_t:  # what the host knows of a frame on a task's stack; the frame itself is in its memory
    uint32_t live
    uint32_t link
    uint32_t below  # the frame that it interrupts, 0 = none
    uint32_t handler
    uint32_t signo
    uint16_t started  # the host runs the handler
    uint16_t by_kill  # what it interrupts is a kill with this signal to oneself, and has no record
    uint64_t sp  # address of the frame
    uint64_t ip  # where the interrupted code goes on
    uint64_t blocked  # what comes back with it
    kernel_siginfo_t info
    call_t call  # in progress when the signal came
    uint64_t pad[4]  # four cache lines

ctypedef struct pt_regs_t:  # struct pt_regs, what a program can set of it, in the order of struct sigcontext_64
    uint64_t r8
    uint64_t r9
    uint64_t r10
    uint64_t r11
    uint64_t r12
    uint64_t r13
    uint64_t r14
    uint64_t r15
    uint64_t di
    uint64_t si
    uint64_t bp
    uint64_t bx
    uint64_t dx
    uint64_t ax
    uint64_t cx
    uint64_t sp
    uint64_t ip
    uint64_t flags

ctypedef struct thread_t:  # what signals need of a task, row = the task's; who never had a handler has none
    uint32_t live
    uint32_t link
    uint64_t real_blocked  # in sigtimedwait: what was blocked before it
    uint64_t saved_sigmask
    uint64_t sas_ss_sp
    uint64_t sas_ss_size
    uint32_t sas_ss_flags
    uint32_t vdso  # its process has been given the page that handlers return through
    uint32_t hand_next  # of the list kernel.hand_first
    uint32_t pad
    uint64_t fault  # of the last access that failed: address, si_signo at bit 48, si_code at bit 56
    pt_regs_t regs

ctypedef struct rlimit_t:  # the limits of a process; shared until changed
    uint32_t live
    uint32_t link
    uint32_t count
    uint32_t pad
    uint64_t cur[16]
    uint64_t max[16]

ctypedef struct user_t:  # struct user_struct and struct ucounts: what one uid holds, in one user namespace
    uint32_t live
    uint32_t link
    uint32_t count
    uint32_t uid
    uint64_t pipe_bufs  # slots of all its pipes; in the row of the first namespace
    uint32_t next  # of the same hash chain
    uint32_t processes  # tasks, for RLIMIT_NPROC
    uint64_t sigpending  # signals queued, for RLIMIT_SIGPENDING
    uint64_t locked_shm  # pages of segments that SHM_LOCK keeps, for RLIMIT_MEMLOCK
    uint32_t ns  # counted
    uint32_t first  # counted row of the same uid in the first namespace; 0 = this is it

ctypedef struct cred_t:  # struct cred, include/linux/cred.h: shared, and never changed while it is
    uint32_t live
    uint32_t link
    uint32_t count  # tasks that point here, and whoever prepares it
    uint32_t user  # counted row of the real user
    uint32_t group_info  # counted row of the supplementary groups, 0 = none
    uint32_t securebits  # SECBIT_ bits
    uint32_t spawned  # as a login made it: spawn gives it to the next process of the same user
    uint32_t uid
    uint32_t gid
    uint32_t suid
    uint32_t sgid
    uint32_t euid
    uint32_t egid
    uint32_t fsuid
    uint32_t fsgid
    uint32_t user_ns  # counted row, 0 = the first user namespace, whose ids those above are
    uint64_t cap_inheritable
    uint64_t cap_permitted
    uint64_t cap_effective
    uint64_t cap_bset
    uint64_t cap_ambient

ctypedef struct group_info_t:  # struct group_info
    uint32_t live
    uint32_t link
    uint32_t count  # creds that point here
    uint32_t ngroups
    uint32_t groups  # run of group rows, in ascending order
    uint32_t pad

ctypedef struct group_t:  # one supplementary group
    uint32_t live
    uint32_t gid

cdef enum:  # what a number is used as besides being a thread's, include/linux/pid_types.h
    PIDTYPE_PGID = 0
    PIDTYPE_SID = 1

ctypedef struct pidmap_t:  # struct pid; row = number; free when nothing uses it
    uint32_t task  # the thread of this number, 0 = none
    uint32_t count  # how often it was given
    uint32_t leaders[2]  # the newest leader of the group, of the session

ctypedef struct pid_namespace_t:  # struct pid_namespace, include/linux/pid_namespace.h; the first one has no row
    uint32_t live
    uint32_t link
    uint32_t count  # numbers whose innermost it is, tasks whose children are born in it, namespaces in it
    uint32_t level  # 1: in the first one
    uint32_t parent  # 0 = the first one
    uint32_t user_ns  # counted
    uint32_t idr  # numbers of the first namespace by those in this one: an xarray
    uint32_t last_pid
    uint32_t child_reaper  # row of its init, 0 = it has none yet, or no more
    uint32_t pid_allocated  # numbers in use
    uint32_t closed  # its init has ended: there are no new numbers
    uint32_t zapping  # row of the init that has ended and is no zombie before all other numbers are free; 0 = none

cdef enum:
    MAX_PID_NS_LEVEL = 32

ctypedef struct upid_t:  # what struct pid has of a number that has others in inner namespaces
    uint32_t live
    uint32_t link
    uint32_t count  # the number, while it is in use, and objects of System V IPC that name it
    uint32_t level
    uint32_t ns  # counted; the innermost
    int32_t nr  # in the first one
    int32_t numbers[32]  # MAX_PID_NS_LEVEL: in that of level 1, 2, ...

ctypedef struct pid_upid_t:  # row = number in the first namespace
    uint32_t upid  # 0 = it has no other

ctypedef struct id_map_t:  # struct uid_gid_map of one extent
    uint32_t first
    uint32_t lower_first  # in the first namespace
    uint32_t count  # 0 = not written yet

cdef enum:  # user_namespace.flags
    USERNS_SETGROUPS_ALLOWED = 1
    USERNS_SETFCAP = 2  # parent_could_setfcap

ctypedef struct user_namespace_t:  # struct user_namespace, include/linux/user_namespace.h; the first one has no row
    uint32_t live
    uint32_t link
    uint32_t count  # credentials, namespaces of any kind that belong to it, user namespaces in it
    uint32_t level
    uint32_t parent
    uint32_t owner
    uint32_t group
    uint32_t flags
    id_map_t uid_map
    id_map_t gid_map
    uint32_t ucounts  # counted row of the owner in the parent: it holds what users in here hold
    uint32_t pad
    uint64_t[3] rlimit_max  # UCOUNT_ numbers: what all in here may hold, the limits of who made it


# ---------------------------------------------------------------------------------------------- descriptors and files
ctypedef struct files_t:  # struct files_struct, include/linux/fdtable.h
    uint32_t live
    uint32_t link
    uint32_t count  # tasks that share it
    uint32_t next_fd  # no number below is free
    uint32_t max_fds  # size of the run, 0 = none yet
    uint32_t fdt  # run of fd rows
    uint32_t bits  # run of fdbits rows: one bit a descriptor, then one bit a full word
    uint32_t nr_open

ctypedef struct fd_t:
    uint8_t live  # 1 = open, 2 = reserved for a descriptor in the making
    uint8_t cloexec
    uint16_t pad
    uint32_t file  # row of the open file

ctypedef struct fdbits_t:
    uint64_t word

cdef enum:  # file.f_mode; a pipe has none but the first two
    FMODE_READ = 1
    FMODE_WRITE = 2
    FMODE_LSEEK = 4
    FMODE_PREAD = 8
    FMODE_PWRITE = 16
    FMODE_PATH = 0x4000

cdef enum:  # file.f_op, inode.i_fop
    NO_OPEN_FOPS = 0  # a socket's node
    PIPEANON_FOPS = 1
    PIPEFIFO_FOPS = 2
    REGULAR_FOPS = 3  # shmem_file_operations
    DIR_FOPS = 4  # simple_dir_operations
    DEF_CHR_FOPS = 5  # opens what its number says
    DEF_BLK_FOPS = 6
    NULL_FOPS = 7
    ZERO_FOPS = 8
    FULL_FOPS = 9
    PATH_FOPS = 10  # O_PATH: no operation at all
    PROC_FOPS = 11
    SHM_FOPS = 12  # of an attach: private_data is the segment, f_version its namespace
    SIGNALFD_FOPS = 13  # private_data is the signalfd_ctx
    N_FOPS = 14

ctypedef struct file_t:  # struct file, include/linux/fs.h; one cache line
    uint32_t live
    uint32_t link
    uint32_t f_count
    uint32_t f_flags
    uint16_t f_mode
    uint16_t f_op
    uint32_t private_data  # row of the pipe; of a file of /proc the user namespace of its opener, counted
    uint32_t inode
    uint32_t f_version  # f_pipe: the other side's counter at open (FIFO); of a file of /proc: PID namespace, counted
    int64_t f_pos
    uint32_t f_owner  # row of the fown_struct, 0 = none yet
    uint32_t f_user_ns  # of /proc/PID/uid_map and its like: the user namespace that it tells of, counted
    uint32_t f_dentry  # f_path: none in a pipe, whose name is made of its number when somebody asks
    uint32_t f_mnt
    uint64_t pad

cdef enum:  # inode.i_op: how a name is looked up below it, or what it stands for
    SIMPLE_INODE = 0
    RAM_DIR = 1  # its dentries are all there is of it
    RAM_LINK = 2  # a symbolic link: its text is in i_link
    PROC_DIR = 3  # made when looked up; i_private says which
    PROC_LINK = 4
    PROC_FILE = 5
    ANON_INODE = 6  # that of all files that are nothing but their operations

cdef enum:  # inode.i_flags
    S_SYNC = 1
    S_APPEND = 4
    S_IMMUTABLE = 8
    S_DEAD = 16  # removed, but still open directory
    S_DIRSYNC = 64
    S_PRIVATE = 512  # the kernel's own

ctypedef struct inode_t:  # struct inode, include/linux/fs.h; two cache lines
    uint32_t live
    uint32_t link
    uint32_t i_count
    uint32_t i_mode
    uint32_t i_uid
    uint32_t i_gid
    uint32_t i_nlink
    uint32_t i_pipe
    uint64_t i_ino
    uint64_t i_size
    int64_t i_atime  # ns of the realtime clock
    int64_t i_mtime
    int64_t i_ctime
    uint32_t i_rdev
    uint32_t i_sb  # row of the super block
    uint16_t i_op
    uint16_t i_fop
    uint32_t i_flags
    uint32_t i_pages  # the page cache: an xarray
    uint32_t nrpages
    uint32_t i_link  # text of a symbolic link: run of name rows, i_size bytes and a zero
    uint32_t i_private  # of proc: which entry
    uint32_t i_private2  # of proc: which process, or which sysctl
    uint32_t i_children  # names in a directory
    uint32_t i_fd  # of /proc/PID/fd/N; of other files of /proc: the IPC namespace that they tell of, counted
    uint32_t i_generation  # of proc: how often its process' number had been given
    uint32_t i_mmap  # newest of the areas that map it
    uint32_t i_seals  # F_SEAL_ bits of a memory file

ctypedef struct xa_node_t:  # struct xa_node, include/linux/xarray.h: 64 places of a tree
    uint32_t live
    uint32_t link
    uint32_t parent
    uint8_t shift  # bits of an index below this node
    uint8_t offset  # its place in the parent
    uint16_t count  # places in use
    uint32_t slots[64]

cdef enum:  # dentry.d_flags
    DCACHE_HASHED = 1

cdef enum:
    DNAME_INLINE_LEN = 16

ctypedef struct dentry_t:  # struct dentry, include/linux/dcache.h; one cache line
    uint32_t live
    uint32_t link
    uint32_t d_count
    uint32_t d_parent  # itself at the root of a file system
    uint32_t d_inode
    uint32_t d_hash
    uint32_t d_next  # of the same hash chain
    uint32_t d_children  # newest name of a directory
    uint32_t d_sib_next
    uint32_t d_sib_prev
    uint16_t d_flags
    uint16_t d_len
    uint32_t d_mounted  # the mount that covers this directory
    uint8_t d_name[16]  # DNAME_INLINE_LEN, zeros after the name; of a longer one the run of name rows

ctypedef struct name_t:  # 32 bytes of a long name or of a link's text
    uint32_t live  # like all of the row, bytes of the text
    uint32_t link
    uint8_t text[24]

ctypedef struct dhash_t:
    uint32_t first

ctypedef struct super_block_t:  # struct super_block, include/linux/fs.h
    uint32_t live
    uint32_t link
    uint32_t s_magic
    uint32_t s_dev  # device number of its files
    uint32_t s_root
    uint32_t s_journal  # row, 0 = none
    uint64_t s_last_ino
    uint64_t s_inodes  # in use
    uint64_t s_max_inodes
    uint64_t s_blocks  # pages in use
    uint64_t s_max_blocks
    uint32_t s_type  # FS_ number
    uint32_t s_maxlinks

cdef enum:  # super_block.s_type: the file systems that are registered
    FS_PIPEFS = 0
    FS_EXT4 = 1
    FS_TMPFS = 2
    FS_DEVTMPFS = 3
    FS_PROC = 4
    N_FILE_SYSTEMS = 5

ctypedef struct mount_t:  # struct mount, fs/mount.h
    uint32_t live
    uint32_t link
    uint32_t mnt_count
    uint32_t mnt_root  # dentry
    uint32_t mnt_sb
    uint32_t mnt_mountpoint  # dentry, in
    uint32_t mnt_parent
    uint32_t mnt_flags

ctypedef struct fs_t:  # struct fs_struct, include/linux/fs_struct.h
    uint32_t live
    uint32_t link
    uint32_t count  # tasks that share it
    uint32_t umask
    uint32_t root_mnt
    uint32_t root
    uint32_t pwd_mnt
    uint32_t pwd

ctypedef struct journal_t:  # struct journal_s, include/linux/jbd2.h
    uint32_t live
    uint32_t link
    uint64_t j_transaction_sequence  # of the running transaction
    uint64_t j_commit_sequence  # of the last one that is on the disk
    int64_t j_expires  # when the running transaction is committed at the latest
    uint32_t j_updates  # changes in the running transaction
    uint32_t h_ref  # the handle of the call in progress: 1, or 0 for none
    uint32_t h_sync
    uint32_t h_first  # what the handle has changed: newest journal_head

ctypedef struct journal_head_t:  # struct journal_head: a row as it was before a handle changed it
    uint32_t live
    uint32_t link
    uint32_t b_next
    uint32_t b_inode
    uint8_t b_frozen_data[128]  # the inode

ctypedef struct stat_t:  # struct stat as fstat fills it; times in ns
    uint64_t st_dev
    uint64_t st_ino
    uint64_t st_nlink
    uint32_t st_mode
    uint32_t st_uid
    uint32_t st_gid
    uint32_t st_blksize
    uint64_t st_rdev
    int64_t st_size
    int64_t st_blocks
    int64_t st_atime_ns
    int64_t st_mtime_ns
    int64_t st_ctime_ns

# struct siginfo as a program sees it, of SIGCHLD, include/uapi/asm-generic/siginfo.h. Its fields have C's names in
# NumPy only: in C these are macros.
ctypedef struct siginfo_t:
    int32_t signo
    int32_t error
    int32_t code
    int32_t pad
    int32_t pid
    uint32_t uid
    int32_t status
    int32_t pad2
    int64_t utime
    int64_t stime
    int64_t value  # from here on what C has in the union: programs of the host find it without one
    uint64_t addr
    int64_t band
    int32_t fd
    int32_t timerid
    int32_t overrun
    int32_t pad3
    uint64_t pad4[5]  # 128 bytes

# struct signalfd_siginfo, include/uapi/linux/signalfd.h. Its fields have C's names, ssi_signo and so on, in NumPy.
ctypedef struct signalfd_siginfo_t:
    uint32_t signo
    int32_t error
    int32_t code
    uint32_t pid
    uint32_t uid
    int32_t fd
    uint32_t tid
    uint32_t band
    uint32_t overrun
    uint32_t trapno
    int32_t status
    int32_t integer
    uint64_t pointer
    uint64_t utime
    uint64_t stime
    uint64_t addr
    uint16_t addr_lsb
    uint16_t pad2
    int32_t syscall
    uint64_t call_addr
    uint32_t arch
    uint8_t pad[28]

cdef enum:  # pipe_buffer.flags
    PIPE_BUF_FLAG_PACKET = 8
    PIPE_BUF_FLAG_CAN_MERGE = 16

ctypedef struct pipe_buffer_t:  # struct pipe_buffer
    uint16_t live
    uint16_t flags
    uint32_t page
    uint16_t offset
    uint16_t len

cdef enum:
    PIPE_INLINE = 28

ctypedef struct pipe_t:  # struct pipe_inode_info, include/linux/pipe_fs_i.h; two cache lines, the first for every call
    uint32_t live
    uint32_t link
    uint32_t head  # slots ever filled; used = head - tail
    uint32_t tail
    uint32_t readers
    uint32_t writers
    wait_queue_head_t rd_wait
    wait_queue_head_t wr_wait
    uint32_t tmp_page[2]
    pipe_buffer_t inlined  # live: the oldest slot, and its bytes are in `data`
    uint8_t data[28]  # PIPE_INLINE
    uint32_t max_usage  # slots that may be used
    uint32_t ring_size  # power of two
    uint32_t bufs  # run of pipe_buffer rows
    uint16_t poll_usage
    uint16_t fasync  # it has a row of pipe_fasync
    uint32_t files
    uint32_t r_counter
    uint32_t w_counter
    uint32_t inode
    uint32_t user
    uint32_t nr_accounted

ctypedef struct fown_t:  # struct fown_struct, include/linux/fs.h: who gets the SIGIO of an open file
    uint32_t live
    uint32_t link
    int32_t pid  # 0 = nobody
    uint32_t pid_count  # how often that number had been given
    uint32_t pid_type  # F_OWNER_ number
    int32_t signum  # 0 = SIGIO, without an info
    uint32_t uid  # of who set it
    uint32_t euid

ctypedef struct fasync_t:  # struct fasync_struct: an open file with O_ASYNC
    uint32_t live
    uint32_t link
    uint32_t fa_next
    uint32_t fa_file
    int32_t fa_fd
    uint32_t pad

ctypedef struct pipe_fasync_t:  # what a pipe with O_ASYNC has besides, row = the pipe's
    uint32_t live
    uint32_t link
    uint32_t fasync_readers  # newest fasync row
    uint32_t fasync_writers
    uint32_t gates[2]  # poll_entry of nobody at the head of rd_wait, of wr_wait

ctypedef struct signalfd_ctx_t:  # struct signalfd_ctx, fs/signalfd.c
    uint32_t live
    uint32_t link
    uint64_t sigmask  # what is not taken


# ---------------------------------------------------------------------------------------------- pages
cdef enum:  # page.flags
    PG_BUDDY = 1  # head of a free block
    PG_TOUCHED = 4  # its bytes may differ from zero
    PG_FILE = 8  # in the page cache of a file on a disk
    PG_SHMEM = 16  # in that of a file in memory
    PG_KIND_SHIFT = 3  # these two as a number of mm.rss
    PG_UPTODATE = 64  # its bytes are the file's
    PG_DIRTY = 128  # there is no other place that has them: never dropped
    PG_ANON_EXCLUSIVE = 32  # private, and no fork since it was last written: one process has it

cdef enum:
    PCP_SIZE = 384  # more than the cache of single pages ever has

ctypedef struct page_t:  # struct page; row = frame number + 1
    uint32_t live  # 1 when allocated
    int32_t refcount
    uint32_t link  # next in its free list
    uint32_t prev
    uint8_t order
    uint8_t flags
    uint16_t pad
    uint32_t mapping  # inode that caches it, 0 = none
    uint32_t index  # within the file; of a page table: entries in use
    uint32_t pincount  # references of views outside the machine


# ---------------------------------------------------------------------------------------------- address spaces
cdef enum:  # vm_area_struct.vm_flags, include/linux/mm.h
    VM_READ = 0x1
    VM_WRITE = 0x2
    VM_EXEC = 0x4
    VM_SHARED = 0x8
    VM_MAYREAD = 0x10
    VM_MAYWRITE = 0x20
    VM_MAYEXEC = 0x40
    VM_MAYSHARE = 0x80
    VM_GROWSDOWN = 0x100
    VM_LOCKED = 0x2000
    VM_DONTCOPY = 0x20000
    VM_ACCOUNT = 0x100000
    VM_NORESERVE = 0x200000
    VM_NOHUGEPAGE = 0x40000000

cdef enum:  # vm_area_struct.vm_ops
    ANON_VM_OPS = 0  # none: private memory
    SHMEM_VM_OPS = 1  # pages of a file of memory
    SHM_VM_OPS = 2  # those of a System V segment: counts its attaches
    VDSO_VM_OPS = 3  # code of the machine's own

cdef enum:  # mm.rss
    MM_ANONPAGES = 0
    MM_FILEPAGES = 1
    MM_SHMEMPAGES = 2

ctypedef struct mm_t:  # struct mm_struct, include/linux/mm_types.h
    uint32_t live
    uint32_t link
    uint32_t mm_users  # tasks that use it
    uint32_t map_count
    uint32_t mmap  # lowest area
    uint32_t mm_rb  # root of the tree of areas
    uint32_t mmap_cache  # the area found last
    uint32_t pgd  # page of the top table, 0 = none yet
    uint32_t asid  # what marks its translations in the TLB; another one drops them all
    uint32_t pad
    uint64_t mmap_base  # areas are placed below
    uint64_t start_brk
    uint64_t brk
    uint64_t start_stack
    uint64_t total_vm  # pages
    uint64_t locked_vm
    uint64_t data_vm
    uint64_t exec_vm
    uint64_t stack_vm
    uint64_t hiwater_vm
    uint64_t rss[3]  # pages present, by MM_ number
    uint64_t hiwater_rss  # before pages were last taken away
    uint64_t pgtables  # pages of page tables
    uint64_t min_flt

ctypedef struct vm_area_t:  # struct vm_area_struct
    uint32_t live
    uint32_t link
    uint64_t vm_start
    uint64_t vm_end
    uint64_t vm_pgoff
    uint32_t vm_flags
    uint32_t vm_mm
    uint32_t vm_file  # counted; 0 = none
    uint16_t vm_ops
    uint16_t vm_page_prot  # flag bits of an entry that is made by a read
    uint32_t vm_next  # by address
    uint32_t vm_prev
    uint32_t rb_left  # tree by address, a heap by a hash of the row
    uint32_t rb_right
    uint64_t rb_subtree_gap  # the largest gap in front of an area of this subtree
    uint32_t i_next  # areas that map the same inode
    uint32_t i_prev
    uint32_t anon_vma  # areas of one number may be joined although they hold private pages; see ANON_VMA_FORKED
    uint32_t faults  # so often a page was brought in


# ---------------------------------------------------------------------------------------------- System V IPC
# The rows of segments, semaphore sets and message queues begin alike: live, link, kern_ipc_perm_t. So `ipc_util` finds
# an object's permissions by table and row alone.

# Numbers of processes that they keep are those of the first namespace, or -row of a counted upid, see linux/pid.pxd.
ctypedef struct kern_ipc_perm_t:  # struct kern_ipc_perm, include/linux/ipc.h
    int32_t key
    int32_t id
    uint32_t uid
    uint32_t gid
    uint32_t cuid
    uint32_t cgid
    uint32_t mode
    uint32_t seq
    uint32_t refcount  # the ids' own, and sleepers that may find it deleted
    uint32_t khtnode  # the next of the same bucket of keys
    uint32_t deleted
    uint32_t ids  # row of the ids that it is among

ctypedef struct ipc_ids_t:  # struct ipc_ids, include/linux/ipc_namespace.h
    uint32_t live
    uint32_t link
    int32_t in_use
    uint32_t seq
    int32_t next_id  # of the next creation; -1: none was asked for
    int32_t last_idx
    int32_t max_idx  # the highest index in use, -1: none
    uint32_t idr  # objects by index: an xarray
    uint32_t idr_next  # where the search for a free index begins; in 4.18 no index below is free
    uint32_t table  # number of the table of its objects
    uint32_t key_ht  # run of kht rows, 0 = none yet
    uint32_t key_order
    uint32_t nr_keys  # objects that have a key
    uint32_t ns
    int32_t found_id  # the id that was looked up last
    uint32_t found  # its row; 0: it is gone

ctypedef struct kht_t:  # one bucket of keys
    uint32_t first

ctypedef struct ipc_namespace_t:  # struct ipc_namespace
    uint32_t live
    uint32_t link
    uint32_t count  # tasks, attaches and open files of /proc that refer to it; the first one is not counted
    uint32_t ids[3]  # by IPC_SEM_IDS, IPC_MSG_IDS, IPC_SHM_IDS
    int32_t sem_ctls[4]  # SEMMSL, SEMMNS, SEMOPM, SEMMNI
    int32_t used_sems
    int32_t msg_ctlmax
    int32_t msg_ctlmnb
    int32_t msg_ctlmni
    int32_t shm_ctlmni
    int32_t shm_rmid_forced
    uint64_t shm_ctlmax
    uint64_t shm_ctlall
    uint64_t shm_tot  # pages of all segments
    int64_t msg_bytes
    int64_t msg_hdrs
    uint32_t user_ns  # counted
    uint32_t pad

ctypedef struct sysv_t:  # what a task has of System V IPC, row = the task's; most have nothing, and no row
    uint32_t live
    uint32_t link
    uint32_t ipc_ns  # nsproxy->ipc_ns
    uint32_t undo_list  # sysvsem
    uint32_t shm_clist  # sysvshm: the newest segment that it made
    uint32_t pid_ns_for_children  # of nsproxy, if that is another than its own, else 0

ctypedef struct shmid_kernel_t:  # struct shmid_kernel, ipc/shm.c; two cache lines
    uint32_t live
    uint32_t link
    kern_ipc_perm_t shm_perm
    uint32_t shm_file  # counted; 0: destroyed
    uint32_t ns
    uint64_t shm_nattch
    uint64_t shm_segsz  # bytes, as asked
    int64_t shm_atim  # seconds of the realtime clock
    int64_t shm_dtim
    int64_t shm_ctim
    int32_t shm_cprid
    int32_t shm_lprid
    uint32_t mlock_user  # counted row of who is charged for the locked pages, 0 = nobody
    uint32_t shm_creator  # row of the task that made it, 0 = it has ended
    uint32_t shm_clist_next  # the next older one of the same creator
    uint32_t shm_clist_prev

# As programs see them, include/uapi/asm-generic/ipcbuf.h, shmbuf.h. `key`, `seq`: without C's underscores.
ctypedef struct ipc64_perm_t:
    int32_t key
    uint32_t uid
    uint32_t gid
    uint32_t cuid
    uint32_t cgid
    uint32_t mode
    uint16_t seq
    uint16_t pad2
    uint32_t pad3
    uint64_t unused[2]

ctypedef struct shmid64_ds_t:
    ipc64_perm_t shm_perm
    uint64_t shm_segsz
    int64_t shm_atime
    int64_t shm_dtime
    int64_t shm_ctime
    int32_t shm_cpid
    int32_t shm_lpid
    uint64_t shm_nattch
    uint64_t unused[2]

ctypedef struct shminfo64_t:
    uint64_t shmmax
    uint64_t shmmin
    uint64_t shmmni
    uint64_t shmseg
    uint64_t shmall
    uint64_t unused[4]

ctypedef struct shm_info_t:
    int32_t used_ids
    uint32_t pad
    uint64_t shm_tot
    uint64_t shm_rss
    uint64_t shm_swp
    uint64_t swap_attempts
    uint64_t swap_successes


# ---------------------------------------------------------------------------------------------- semaphores
ctypedef struct ipc_list_t:  # struct list_head of tasks that sleep: rows of tasks, the oldest first
    uint32_t first
    uint32_t last

cdef enum:
    USE_GLOBAL_LOCK_HYSTERESIS = 10

ctypedef struct sem_array_t:  # struct sem_array, ipc/sem.c; two cache lines
    uint32_t live
    uint32_t link
    kern_ipc_perm_t sem_perm
    uint32_t sems  # run of sem rows
    int32_t sem_nsems
    int64_t sem_ctime  # seconds of the realtime clock
    ipc_list_t pending_alter  # all that alter, while one of several operations sleeps
    ipc_list_t pending_const  # of several operations, all of them waits for zero
    uint32_t list_id  # the newest sem_undo of the set
    int32_t complex_count  # sleepers of several operations
    int32_t use_global_lock  # > 0: one lock for all, so many complex operations ago
    uint32_t nr_queued  # sleepers
    uint32_t ns
    uint32_t seq  # of the next sleeper of pending_alter
    ipc_list_t watch_any  # those of pending_alter whom a change of any semaphore may concern, in that order
    uint32_t nr_const  # sleepers that alter nothing
    uint32_t pad

ctypedef struct sem_t:  # struct sem: one semaphore; one cache line
    uint32_t live
    uint32_t link
    int32_t semval
    int32_t sempid  # who altered it last, 0 = nobody
    ipc_list_t pending_alter
    ipc_list_t pending_const
    int64_t sem_otime
    ipc_list_t watch  # those of the set's pending_alter whose first obstacle is here, in the order of that queue
    uint32_t watch_zero  # how many of them wait for zero
    uint32_t cursor  # while the queue is looked through: the next of `watch`
    uint32_t dirty_next  # the same: row of the next semaphore that has changed, or SEM_LAST; 0: it has not
    uint32_t pad

ctypedef struct sembuf_t:  # struct sembuf, include/uapi/linux/sem.h
    uint16_t sem_num
    int16_t sem_op
    int16_t sem_flg

ctypedef struct sembufs_t:  # room for eight operations of a sleeping call
    uint16_t words[24]

ctypedef struct sem_queue_t:  # struct sem_queue: one task asleep in semop; its row is the task's
    uint32_t live
    uint32_t link
    uint32_t next  # of the queue it is on
    uint32_t prev
    uint32_t sma  # row of the set
    uint32_t undo  # row of its sem_undo, 0 = none
    int32_t pid
    int32_t status  # -EINTR while it is on a queue, then the result
    uint32_t sops  # run of sembuf rows, for more than two operations
    uint32_t nsops
    uint32_t blocking  # the operation that could not be done, when last looked at
    uint8_t alter
    uint8_t dupsop
    uint8_t watched  # Q_ value: where `watch_next` links it
    uint8_t watch_zero  # it waits for zero there
    sembuf_t sop  # one or two operations
    sembuf_t second
    uint16_t watch_num  # the semaphore that is watched
    uint16_t pad
    uint32_t watch_next
    uint32_t watch_prev
    uint32_t seq  # its place in pending_alter of the set

cdef enum:  # sem_queue.watched
    Q_UNWATCHED = 0
    Q_WATCHED = 1  # on `watch` of a semaphore
    Q_ANY = 2  # on `watch_any` of the set

ctypedef struct sem_undo_t:  # struct sem_undo: what one list of adjustments holds for one set
    uint32_t live
    uint32_t link
    uint32_t proc_next  # list_proc: all of one process, the newest first
    uint32_t proc_prev
    uint32_t id_next  # list_id: all of one set, the newest first
    uint32_t id_prev
    uint32_t ulp
    uint32_t sma
    int32_t semid
    uint32_t semadj  # run of semadj rows: an int16 a semaphore

ctypedef struct semadj_t:
    int16_t adj[4]

ctypedef struct sem_undo_list_t:  # struct sem_undo_list: shared with CLONE_SYSVSEM
    uint32_t live
    uint32_t link
    uint32_t refcnt
    uint32_t list_proc
    uint32_t by_set  # rows of sem_undo by row of the set: an xarray
    uint32_t last  # a hint: the one that was asked for last

ctypedef struct semid64_ds_t:  # arch/x86/include/uapi/asm/sembuf.h
    ipc64_perm_t sem_perm
    int64_t sem_otime
    uint64_t unused1
    int64_t sem_ctime
    uint64_t unused2
    uint64_t sem_nsems
    uint64_t unused3
    uint64_t unused4

ctypedef struct seminfo_t:
    int32_t semmap
    int32_t semmni
    int32_t semmns
    int32_t semmnu
    int32_t semmsl
    int32_t semopm
    int32_t semume
    int32_t semusz
    int32_t semvmx
    int32_t semaem


# ---------------------------------------------------------------------------------------------- message queues
ctypedef struct msg_queue_t:  # struct msg_queue, ipc/msg.c
    uint32_t live
    uint32_t link
    kern_ipc_perm_t q_perm
    uint64_t q_cbytes
    uint64_t q_qnum
    uint64_t q_qbytes
    ipc_list_t q_messages  # rows of msg_msg, the oldest first
    ipc_list_t q_receivers
    ipc_list_t q_senders
    int32_t q_lspid
    int32_t q_lrpid
    int64_t q_stime  # seconds of the realtime clock
    int64_t q_rtime
    int64_t q_ctime
    uint32_t ns
    uint32_t by_type  # the oldest message of each type: an xarray, made when a long queue is searched; 0 = none

ctypedef struct msg_msg_t:  # struct msg_msg, include/linux/msg.h
    uint32_t live
    uint32_t link
    uint32_t next
    uint32_t prev
    int64_t m_type
    uint64_t m_ts  # bytes
    uint32_t page  # its bytes: part of a page, or pages chained by `index`
    uint16_t offset
    uint8_t order  # of the part: 2**order bytes; MSG_PAGES: whole pages
    uint8_t indexed  # among the messages of its type
    uint32_t type_next  # the next one of its type
    uint32_t type_prev  # of the oldest one of a type: the newest

cdef enum:  # msg_receiver.r_mode
    SEARCH_ANY = 1
    SEARCH_EQUAL = 2
    SEARCH_NOTEQUAL = 3
    SEARCH_LESSEQUAL = 4
    SEARCH_NUMBER = 5

ctypedef struct msg_receiver_t:  # struct msg_receiver: one task asleep in msgrcv; its row is the task's
    uint32_t live
    uint32_t link
    uint32_t next
    uint32_t prev
    uint32_t msq  # row of the queue that it is on, 0: on none
    int32_t r_mode
    int64_t r_msgtype
    int64_t r_maxsize
    int64_t r_msg  # -EAGAIN, another error, or the row of the message that it was given

ctypedef struct msg_sender_t:  # struct msg_sender: one task asleep in msgsnd; its row is the task's
    uint32_t live
    uint32_t link
    uint32_t next
    uint32_t prev
    uint32_t msq  # row of the queue that it is on, 0: that queue was removed
    uint32_t msg  # row of its message
    uint64_t msgsz

ctypedef struct msqid64_ds_t:  # include/uapi/asm-generic/msgbuf.h
    ipc64_perm_t msg_perm
    int64_t msg_stime
    int64_t msg_rtime
    int64_t msg_ctime
    uint64_t msg_cbytes
    uint64_t msg_qnum
    uint64_t msg_qbytes
    int32_t msg_lspid
    int32_t msg_lrpid
    uint64_t unused[2]

ctypedef struct msginfo_t:
    int32_t msgpool
    int32_t msgmap
    int32_t msgmax
    int32_t msgmnb
    int32_t msgmni
    int32_t msgssz
    int32_t msgtql
    uint16_t msgseg
    uint16_t pad


# ---------------------------------------------------------------------------------------------- the machine
cdef enum:  # table numbers
    T_TASK = 0
    T_SIGNAL = 1
    T_SIGHAND = 2
    T_FILES = 3
    T_FD = 4
    T_FDBITS = 5
    T_FILE = 6
    T_INODE = 7
    T_PIPE = 8
    T_PIPE_BUFFER = 9
    T_PAGE = 10
    T_USER = 11
    T_RLIMIT = 12
    T_TIMER = 13
    T_POLL_ENTRY = 14
    T_POLLFD = 15
    T_PID = 16
    T_PIDBITS = 17
    T_CRED = 18
    T_GROUP_INFO = 19
    T_GROUP = 20
    T_XA_NODE = 21
    T_DENTRY = 22
    T_NAME = 23
    T_DHASH = 24
    T_SUPER = 25
    T_MOUNT = 26
    T_FS = 27
    T_JOURNAL = 28
    T_JOURNAL_HEAD = 29
    T_MM = 30
    T_VMA = 31
    T_IPC_NAMESPACE = 32
    T_IPC_IDS = 33
    T_SHM = 34
    T_SYSV = 35
    T_KHT = 36
    T_SEM_ARRAY = 37
    T_SEM = 38
    T_SEM_QUEUE = 39
    T_SEM_UNDO = 40
    T_SEM_UNDO_LIST = 41
    T_SEMADJ = 42
    T_SEMBUF = 43
    T_MSG_QUEUE = 44
    T_MSG = 45
    T_MSG_RECEIVER = 46
    T_MSG_SENDER = 47
    T_SIGACTION = 48
    T_SIGQUEUE = 49
    T_HANDLER = 50
    T_SIGFRAME = 51
    T_THREAD = 52
    T_PID_NAMESPACE = 53
    T_UPID = 54
    T_PID_UPID = 55
    T_USER_NAMESPACE = 56
    T_K_ITIMER = 57
    T_ITIMER = 58
    T_FOWN = 59
    T_FASYNC = 60
    T_PIPE_FASYNC = 61
    T_SIGNALFD = 62
    N_TABLES = 63

cdef enum:
    SCRATCH = 256
    PATH_MAX_BYTES = 4096
    RUN_ORDERS = 24
    MAX_PAGE_ORDER = 10

ctypedef struct table_t:  # bookkeeping of one table
    char *base  # row 0; the only pointer, set when the memory is reserved
    uint32_t rowsize
    uint32_t limit  # rows that fit, row 0 included
    uint32_t high  # rows ever used, row 0 included
    uint32_t nlive  # rows in use
    uint32_t max  # rows allowed at a time (a limit of the simulated machine), 0 = as many as fit
    uint32_t inject  # fail this allocation from now, 0 = off
    uint32_t free[24]  # RUN_ORDERS: free runs of 2**order rows

ctypedef struct buddy_t:  # free lists of one order, struct free_area
    uint32_t first
    uint32_t nr_free

ctypedef struct counters_t:
    uint64_t switches
    uint64_t wakeups
    uint64_t bytes
    uint64_t pages_alloc
    uint64_t signals
    uint64_t faults
    uint64_t commits  # of journals
    uint64_t leaked  # bytes that dropped programs may have left behind
    uint64_t calls[512]

cdef enum:  # kernel.attention: what the edge must look at when a call is over
    ATT_TRACE = 1
    ATT_DEAD = 2  # tasks ended: their Python side must be told
    ATT_PANIC = 4
    ATT_HAND = 8  # signals wait for tasks that are driven by hand

ctypedef struct trace_t:  # one completed call
    int64_t time
    int32_t pid
    int32_t nr
    int64_t args[4]
    int64_t ret
    int32_t out0
    int32_t out1
    uint8_t data[32]  # the first bytes moved, or of the path
    uint8_t data2[32]  # of the second path
    uint32_t ndata
    uint32_t ndata2

cdef enum:  # stacks.event: why a compiled program gave the processor back to the hub
    NATIVE_TURN = 0  # `next` has the next turn; 0: nobody can run, or it is not known
    NATIVE_PAUSE = 1  # to look around; `next` goes on at once
    NATIVE_FAILED = 2  # `next` left its program by an error
    NATIVE_OVERFLOW = 3  # `next` has no stack left
    NATIVE_NO_STACK = 4  # `next` could not be given a stack
    NATIVE_HOOK = 5  # a hook of Python is to judge the call of `next`, which goes on at once
    NATIVE_HANDLER = 6  # `next` is to run a handler that is no machine code, and goes on after it

ctypedef struct stacks_t:  # the stacks of compiled programs, and what they tell the hub; host memory
    void *hub_sp  # where the hub waits
    void *dead  # on the stack that was left for good
    void *excinfo  # the error of NATIVE_FAILED
    uint32_t next
    uint32_t event
    void **free  # slots without a task, the one used last at the end
    uint32_t nr_free
    uint32_t nr_slots  # slots ever made
    void **chunks  # what was mapped
    uint32_t nr_chunks
    uint32_t limit  # slots that may be made, 0 = no limit
    uint32_t unguarded  # some slot has no guard but its lowest word, which must stay zero
    uint32_t pad

ctypedef struct tlb_t:  # one translation, see linux/tlb.pxd; host memory
    uint64_t read  # tag for which `base` may be read
    uint64_t write
    char *base  # of the page
    uint64_t pad  # found by a shift

ctypedef struct near_t:  # pages around the last that a fault mapped from a file in memory, see linux/memory_near.pxd
    uint64_t tag  # TLB tag of the first
    uint64_t pages[2]  # so many, for a read and for a write: 0 = none is known
    uint64_t entry[2]  # what an entry is besides its page
    uint64_t *pte
    uint32_t *slots  # of the page cache
    page_t *table  # page of the entries
    vm_area_t *vma
    char *frames  # of row 0, which has none

ctypedef struct walked_t:  # where the last walk led: one of a path that begins with the same text goes on from there
    uint32_t len  # of the text, with the slashes at its end; 0 = nothing is known
    uint32_t start  # dentry at which the walk began
    uint32_t mnt
    uint32_t dentry
    char text[32]  # zeros behind it

ctypedef struct kernel_t:  # one machine
    # read by every call
    uint64_t trace_hash
    int64_t now  # ns of virtual time
    uint32_t attention
    uint32_t tracing
    uint32_t current  # who may make calls: row of the program that runs, 0 = the outside, or a CTX_ value
    unsigned long thread  # of the host, that the machine belongs to
    uint32_t runq_head
    uint32_t runq_tail
    uint32_t runq_mask
    uint32_t runq_holes  # places whose task ended while it was queued
    uint32_t *runq  # ring of task rows, 0 = hole
    host_t *host  # by task row
    void **handlers  # by handler row: what a compiled handler is run with, NULL for any other
    int64_t turns  # that compiled programs may give each other before the hub must look
    int64_t clock_limit  # virtual time that this run may reach
    int64_t ticks  # calls and turns of compiled programs until the hub looks at the host's signals
    int64_t express  # calls that may still take the short way; -1: no more, less: none may, see linux/coroutine.pxd
    stacks_t stacks  # of compiled programs
    uint32_t schedule  # SCHED_FIFO, SCHED_RANDOM or SCHED_CALL
    uint32_t inject_any  # some injection is armed
    uint32_t hooks  # HOOK_ bits: what `Kernel.hooks` watches
    uint32_t namespaces  # of pids and of users, the first ones not counted: 0 = all numbers and ids are what they seem
    table_t table[63]

    # limits, k.limits
    int64_t pid_max
    int64_t pipe_max_size
    int64_t pipe_user_pages_soft
    int64_t pipe_user_pages_hard
    int64_t file_max
    int64_t nr_open_max
    int64_t threads_max
    int64_t protected_fifos
    int64_t protected_hardlinks
    int64_t protected_regular
    int64_t protected_symlinks
    int64_t nr_hugepages
    int64_t ipcmni_extend  # as at boot

    # page allocator
    char *frames
    uint32_t nr_pages  # frames of the machine
    uint32_t frontier  # frames below were given to the buddy lists
    uint32_t nr_free  # free pages in the buddy lists and beyond the frontier
    uint32_t pcp_count
    uint32_t pcp_batch
    uint32_t pcp_high
    uint32_t pcp[PCP_SIZE]
    uint32_t tmp_pages  # pages that pipes keep for their next write
    uint32_t tmp_pages_max
    uint32_t inject_page
    uint32_t inject_row
    int32_t inject_errno
    int32_t failed_errno  # errno of the injected failure, 0 = the call's own
    buddy_t free_area[11]

    # scheduler
    uint32_t timer_words  # one bit a word of `timer_pending`: it is not 0
    uint32_t nr_alarms  # timers that are pending and are no task's sleep
    int64_t timer_clk  # time of the last timer that went off
    uint64_t timer_seq
    uint64_t rng
    uint32_t last_pid
    uint32_t nr_threads
    uint32_t next_ino
    uint32_t init_task
    uint32_t pipe_mnt
    uint32_t pipe_sb
    uint32_t root_mnt
    uint32_t proc_sb
    uint32_t init_ipc_ns
    uint32_t init_ids[3]  # its ids
    int64_t seconds  # of the realtime clock, when it was asked last
    int64_t seconds_end  # the virtual time at which they are more
    int32_t ipc_mni  # indexes of ids
    int32_t ipc_mni_shift
    int32_t ipc_min_cycle
    uint32_t profile  # PROFILE_ number: which Linux
    uint32_t d_buckets  # of the table of dentries, which grows by one with every name
    uint32_t d_split  # buckets when the present round of growing began
    uint32_t d_entries
    walked_t walked
    uint32_t sleepers  # programs asleep that are not daemons
    uint32_t dead_first  # tasks ended whose Python side must be told, linked by `link`
    uint32_t dead_last
    uint32_t default_rlimit
    uint32_t subreapers  # processes with SIGNAL_CHILD_SUBREAPER
    uint32_t spawn_cred  # a hint: row that the last spawned process was given
    uint32_t shm_contiguous  # segments get all their pages at once, from one block
    uint32_t hand_first  # tasks driven by hand that signals wait for, in the order of sending
    uint32_t hand_last
    uint32_t init_sighand  # actions of every process that has changed none yet
    uint32_t init_mm  # address space of every process that has done nothing with memory yet
    uint32_t last_asid
    uint32_t last_anon_vma
    int32_t mm_tgid  # whose doing it is that areas come and go: what counts them knows no task
    uint32_t msg_partial[13]  # pages with room for parts of messages, by order; the last: none
    uint32_t anon_inode  # of signalfds and their like
    uint32_t anon_mnt
    uint32_t shm_mnt  # the internal tmpfs of files without a name
    uint32_t zap_ready  # some init that has ended may have nobody left to wait for
    uint32_t user_hash[256]

    counters_t counters

    uint64_t timer_pending[32]  # one bit a slot, level by level: LVL_DEPTH * LVL_SIZE / 64
    timer_slot_t timer_slot[2048]  # LVL_DEPTH * LVL_SIZE

    # trace buffer, host memory
    trace_t *trace
    uint32_t trace_n
    uint32_t trace_cap

    tlb_t tlb[256]  # TLB_SIZE
    uint64_t walk_tag  # the table that a fault found last: tag of the first address of its range
    uint64_t *walk_table
    near_t near
    char scratch[256]  # SCRATCH: where short reads land before they become bytes objects
    char pathname[2][4104]  # names_cachep: the paths of the call in progress, and a word of zeros
    char proc_self[16]  # text of /proc/self

    const char *panic  # name of the first broken invariant, or NULL
    char *reservation
    size_t reserved

cdef enum:  # kernel.current, Task.ctx: values that are no row
    CTX_OUTSIDE = 0
    CTX_HUB = 0xffffffff  # the machine itself runs
    CTX_PENDING = 0xfffffffe  # a task that has a call in progress
    CTX_DEAD = 0xfffffffd  # a task that has ended
    CTX_CLOSED = 0xfffffffc  # a machine that was closed
    CTX_STOPPED = 0xfffffffa  # a task driven by hand that has stopped in user code
    CTX_LATE = 0xfffffffb  # a generator whose call is over, but signals come before its value

cdef enum:  # kernel.hooks
    HOOK_PATH_MKNOD = 1
    HOOK_IPC_ASSOCIATE = 2

cdef enum:  # kernel.profile
    PROFILE_6_18 = 0
    PROFILE_4_18 = 1

cdef enum:
    SCHED_FIFO = 0
    SCHED_RANDOM = 1
    SCHED_CALL = 2

cdef enum:
    ESLEEP = 600  # the call sleeps: it is on its queue, its state is set; never reaches a program
    EKILLED = 601  # the caller ended during the call
    EHANDLER = 602  # a handler is to run before the task goes on
    EAGAINCALL = 603  # the call is to be made again
