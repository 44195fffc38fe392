/* Stacks of compiled programs: leaving one and going on with another.
 *
 * fastipc_stack_switch(save, to, value) stores the registers that a C function must keep on the stack that is left, its
 * stack pointer in *save, and goes on where `to` was left: there the call that left it returns `value`.
 * fastipc_stack_init(top, body, arg) prepares a stack that grows down from `top` (a multiple of 64), so that the first
 * switch to what it returns calls body(arg), which must never return. The control words of the floating-point units
 * are not switched: nothing here changes them.
 *
 * fastipc_stack_jump does the same for a function that switches as its last act, so that the program itself goes on at
 * once. It goes there by a jump: a return would be predicted to go to the program that was left.
 */
#ifndef FASTIPC_STACK_SWITCH_H
#define FASTIPC_STACK_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && !defined(FASTIPC_UCONTEXT)

int64_t fastipc_stack_switch(void **save, void *to, int64_t value);
int64_t fastipc_stack_jump(void **save, void *to, int64_t value);
void fastipc_stack_enter(void);

#define FASTIPC_SWITCH(name, go_on) \
    ".p2align 4\n" \
    ".hidden " name "\n" \
    ".globl " name "\n" \
    ".type " name ", @function\n" \
    name ":\n" \
    "    pushq %rbp\n" \
    "    pushq %rbx\n" \
    "    pushq %r12\n" \
    "    pushq %r13\n" \
    "    pushq %r14\n" \
    "    pushq %r15\n" \
    "    movq %rsp, (%rdi)\n" \
    "    movq %rsi, %rsp\n" \
    "    movq %rdx, %rax\n" \
    "    popq %r15\n" \
    "    popq %r14\n" \
    "    popq %r13\n" \
    "    popq %r12\n" \
    "    popq %rbx\n" \
    "    popq %rbp\n" \
    go_on \
    ".size " name ", .-" name "\n"

__asm__(
    ".text\n"
    FASTIPC_SWITCH("fastipc_stack_switch", "    ret\n")
    FASTIPC_SWITCH("fastipc_stack_jump", "    popq %rcx\n    jmpq *%rcx\n")
    ".p2align 4\n"
    ".hidden fastipc_stack_enter\n"
    ".globl fastipc_stack_enter\n"
    ".type fastipc_stack_enter, @function\n"
    "fastipc_stack_enter:\n" /* entered by the above: body in r12, arg in r13 */
    "    movq %r13, %rdi\n"
    "    callq *%r12\n"
    "    ud2\n"
    ".size fastipc_stack_enter, .-fastipc_stack_enter\n");

static inline void *fastipc_stack_init(void *top, void (*body)(void *), void *arg)
{
    void **sp = (void **)top;
    *--sp = 0; /* two words, so that the stack is aligned where `body` begins */
    *--sp = 0;
    *--sp = (void *)fastipc_stack_enter;
    *--sp = 0;            /* rbp: the end of the chain of frames */
    *--sp = 0;            /* rbx */
    *--sp = (void *)body; /* r12 */
    *--sp = arg;          /* r13 */
    *--sp = 0;            /* r14 */
    *--sp = 0;            /* r15 */
    return sp;
}

#elif defined(__aarch64__) && !defined(FASTIPC_UCONTEXT)

int64_t fastipc_stack_switch(void **save, void *to, int64_t value);
int64_t fastipc_stack_jump(void **save, void *to, int64_t value);
void fastipc_stack_enter(void);

#define FASTIPC_SWITCH(name, go_on) \
    ".p2align 4\n" \
    ".globl " name "\n" \
    ".hidden " name "\n" \
    name ":\n" \
    "    sub sp, sp, #160\n" \
    "    stp x19, x20, [sp, #0]\n" \
    "    stp x21, x22, [sp, #16]\n" \
    "    stp x23, x24, [sp, #32]\n" \
    "    stp x25, x26, [sp, #48]\n" \
    "    stp x27, x28, [sp, #64]\n" \
    "    stp x29, x30, [sp, #80]\n" \
    "    stp d8, d9, [sp, #96]\n" \
    "    stp d10, d11, [sp, #112]\n" \
    "    stp d12, d13, [sp, #128]\n" \
    "    stp d14, d15, [sp, #144]\n" \
    "    mov x9, sp\n" \
    "    str x9, [x0]\n" \
    "    mov sp, x1\n" \
    "    ldp x19, x20, [sp, #0]\n" \
    "    ldp x21, x22, [sp, #16]\n" \
    "    ldp x23, x24, [sp, #32]\n" \
    "    ldp x25, x26, [sp, #48]\n" \
    "    ldp x27, x28, [sp, #64]\n" \
    "    ldp x29, x30, [sp, #80]\n" \
    "    ldp d8, d9, [sp, #96]\n" \
    "    ldp d10, d11, [sp, #112]\n" \
    "    ldp d12, d13, [sp, #128]\n" \
    "    ldp d14, d15, [sp, #144]\n" \
    "    add sp, sp, #160\n" \
    "    mov x0, x2\n" \
    go_on

__asm__(
    ".text\n"
    FASTIPC_SWITCH("fastipc_stack_switch", "    ret\n")
    FASTIPC_SWITCH("fastipc_stack_jump", "    br x30\n")
    ".p2align 4\n"
    ".globl fastipc_stack_enter\n"
    ".hidden fastipc_stack_enter\n"
    "fastipc_stack_enter:\n" /* entered by the above: body in x19, arg in x20 */
    "    mov x0, x20\n"
    "    blr x19\n"
    "    brk #0\n");

static inline void *fastipc_stack_init(void *top, void (*body)(void *), void *arg)
{
    void **sp = (void **)top - 20;
    for (int i = 0; i < 20; i++)
        sp[i] = 0;
    sp[0] = (void *)body;
    sp[1] = arg;
    sp[11] = (void *)fastipc_stack_enter; /* x30 */
    return sp;
}

#else

/* Anywhere else: the C library's own, which keeps a context and not only a stack pointer. It is stored at the top of
 * the stack that it belongs to; the hub's lies on the hub's stack while it waits. */
#include <stdlib.h>
#include <ucontext.h>

typedef struct {
    ucontext_t context;
    void (*body)(void *);
    void *arg;
} fastipc_context_t;

static inline int64_t fastipc_stack_switch(void **save, void *to, int64_t value)
{
    static __thread int64_t passed;
    fastipc_context_t here;
    *save = &here;
    passed = value;
    swapcontext(&here.context, &((fastipc_context_t *)to)->context);
    return passed;
}

static inline void fastipc_stack_enter(unsigned int high, unsigned int low)
{
    fastipc_context_t *c = (fastipc_context_t *)(((uintptr_t)high << 32) | low);
    c->body(c->arg);
    abort();
}

#define fastipc_stack_jump fastipc_stack_switch

static inline void *fastipc_stack_init(void *top, void (*body)(void *), void *arg)
{
    fastipc_context_t *c = (fastipc_context_t *)(((uintptr_t)top - sizeof(fastipc_context_t)) & ~(uintptr_t)63);
    uintptr_t bottom = ((uintptr_t)top - 1) & ~(uintptr_t)0xffff;
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = (void *)bottom;
    c->context.uc_stack.ss_size = (uintptr_t)c - bottom;
    c->context.uc_link = NULL;
    c->body = body;
    c->arg = arg;
    makecontext(&c->context, (void (*)(void))fastipc_stack_enter, 2,
                (unsigned int)((uintptr_t)c >> 32), (unsigned int)(uintptr_t)c);
    return c;
}

#endif
#endif
