/* A compiled program that runs off its stack meets the guard page below it. The handler makes it go on in
 * `fastipc_overflow_body` at the top of the same stack, whose frames are lost anyway; every other fault goes to
 * whoever handled it before. Precondition: mechanism is entered only with room to spare, so that the interrupted
 * code is the program's own.
 */
#ifndef FASTIPC_STACK_OVERFLOW_H
#define FASTIPC_STACK_OVERFLOW_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#define FASTIPC_SLOT_MASK (~(uintptr_t)0xffff)

static __thread void *fastipc_running; /* the machine whose compiled programs run on this thread */
static __thread int fastipc_has_altstack;
static struct sigaction fastipc_old_segv;
static pthread_key_t fastipc_altstack_key;
static pthread_once_t fastipc_altstack_once = PTHREAD_ONCE_INIT;

static void (*fastipc_overflow_body)(void *);

static inline void fastipc_set_running(void *machine)
{
    fastipc_running = machine;
    __asm__ volatile("" ::: "memory"); /* a signal may look at it at once */
}

static inline void *fastipc_get_running(void)
{
    return fastipc_running;
}

static uintptr_t fastipc_context_sp(ucontext_t *c)
{
#if defined(__x86_64__) && defined(__linux__)
    return (uintptr_t)c->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__) && defined(__linux__)
    return (uintptr_t)c->uc_mcontext.sp;
#else
    (void)c;
    return 0;
#endif
}

static void fastipc_context_redirect(ucontext_t *c, uintptr_t sp, void *argument)
{
#if defined(__x86_64__) && defined(__linux__)
    c->uc_mcontext.gregs[REG_RSP] = (greg_t)(sp - 8); /* as after a call */
    c->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)argument;
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)fastipc_overflow_body;
#elif defined(__aarch64__) && defined(__linux__)
    c->uc_mcontext.sp = sp;
    c->uc_mcontext.regs[0] = (uintptr_t)argument;
    c->uc_mcontext.pc = (uintptr_t)fastipc_overflow_body;
#else
    (void)c, (void)sp, (void)argument;
#endif
}

static void fastipc_on_segv(int sig, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    uintptr_t sp = fastipc_context_sp((ucontext_t *)context);
    uintptr_t slot = address & FASTIPC_SLOT_MASK;
    if (fastipc_running && sp && address - slot < 4096 && sp - slot < 0x10000) {
        fastipc_context_redirect((ucontext_t *)context, slot + 0x10000 - 64, fastipc_running);
        return;
    }
    if (fastipc_old_segv.sa_flags & SA_SIGINFO) {
        fastipc_old_segv.sa_sigaction(sig, info, context);
    } else if (fastipc_old_segv.sa_handler == SIG_DFL || fastipc_old_segv.sa_handler == SIG_IGN) {
        signal(sig, SIG_DFL); /* the fault comes again and ends the process */
    } else {
        fastipc_old_segv.sa_handler(sig);
    }
}

static void fastipc_drop_altstack(void *memory)
{
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    free(memory);
}

static void fastipc_make_altstack_key(void)
{
    pthread_key_create(&fastipc_altstack_key, fastipc_drop_altstack);
}

/* Before compiled programs run: the handler is installed, and this thread has a stack for it. */
static void fastipc_watch_overflow(void (*body)(void *))
{
    struct sigaction now, ours = {.sa_sigaction = fastipc_on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    fastipc_overflow_body = body;
    if (!fastipc_has_altstack) {
        stack_t old;
        fastipc_has_altstack = 1;
        if (sigaltstack(NULL, &old) == 0 && old.ss_flags & SS_DISABLE) {
            stack_t own = {.ss_size = 65536};
            pthread_once(&fastipc_altstack_once, fastipc_make_altstack_key);
            own.ss_sp = malloc(own.ss_size);
            if (own.ss_sp && sigaltstack(&own, NULL) == 0)
                pthread_setspecific(fastipc_altstack_key, own.ss_sp);
            else
                free(own.ss_sp);
        }
    }
    if (sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction != fastipc_on_segv) {
        fastipc_old_segv = now;
        sigaction(SIGSEGV, &ours, NULL);
    }
}

#endif
