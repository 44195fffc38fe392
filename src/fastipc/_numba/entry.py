"""How a task enters a compiled program: a function of C that unpacks the arguments, and the record that holds them.

The record's layout is ours: the leaves of the arguments (tuples are taken apart) and then of the result, each at a
multiple of eight. The entry is machine code made with Numba's own calling convention; it gives 0, or 1 with the address
of Numba's description of the exception.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callconv import RETCODE_USEREXC, Status
from numba.core.errors import TypingError
from numba.core.imputils import fix_returning_optional, lower_constant
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model

from fastipc._core.entries import START_SIZE
from fastipc._numba.task_type import task_type
from fastipc.compiled import programs

WORD = ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()


class ProgramType(types.Type):
    """A compiled program as a value in compiled code: known when compiling, nothing at run time."""

    def __init__(self, identity: str) -> None:
        self.identity = identity  # and not the program itself, which Numba would write into its cache
        super().__init__(name=f"fastipc.program({identity})")

    @property
    def program(self) -> Any:
        """The program."""
        return programs[self.identity]


register_model(ProgramType)(models.OpaqueModel)


@lower_constant(ProgramType)
def _program_constant(context: Any, builder: Any, given: Any, value: Any) -> Any:
    return context.get_dummy_value()


def require_program(name: str, given: Any) -> None:
    """A program made by ``fastipc.compiled``."""
    if not isinstance(given, ProgramType):
        raise TypingError(f"{name} must be a program made by fastipc.compiled, not {given}")


def holds_objects(given: Any) -> bool:
    """Whether a value that is no array refers to objects that Numba counts: strings, lists, dictionaries, ..."""
    if isinstance(given, types.Buffer):
        return False
    return bool(cpu_target.target_context.data_model_manager[given].contains_nrt_meminfo())


def require_arguments(name: str, given: tuple[Any, ...]) -> None:
    """What one program may give to another: a task lends arrays, and nothing else that goes with it."""
    for leaf in leaves(types.Tuple(given)):
        if holds_objects(leaf):
            raise TypingError(f"what {name} gets must be numbers, booleans, arrays, programs or tuples, not {leaf}")


class Leaf(NamedTuple):
    """One value of a record that is no tuple."""

    type: Any
    offset: int


class Layout(NamedTuple):
    """Where arguments and result lie in a record."""

    args: tuple[Leaf, ...]
    result: tuple[Leaf, ...]
    size: int


def leaves(given: Any) -> Iterator[Any]:
    """The types in a type, tuples taken apart."""
    if isinstance(given, types.BaseTuple):
        for part in given:
            yield from leaves(part)
    else:
        yield given


def layout_of(context: Any, args: tuple[Any, ...], result: Any) -> Layout:
    """Place all leaves."""
    size = 0
    placed: list[list[Leaf]] = [[], []]
    for group, given in ((0, types.Tuple(args)), (1, types.Tuple(() if result == types.none else (result,)))):
        for leaf in leaves(given):
            placed[group].append(Leaf(leaf, size))
            data = context.data_model_manager[leaf].get_data_type()
            size += (int(context.get_abi_sizeof(data)) + 7) // 8 * 8
    return Layout(tuple(placed[0]), tuple(placed[1]), size)


# ---------------------------------------------------------------------------------------------- machine code
def _place(builder: Any, context: Any, record: Any, leaf: Leaf) -> Any:
    data = context.data_model_manager[leaf.type].get_data_type()
    return builder.bitcast(builder.gep(record, [WORD(leaf.offset)]), data.as_pointer())


def _load(context: Any, builder: Any, record: Any, given: Any, places: Iterator[Leaf]) -> Any:
    if isinstance(given, types.BaseTuple):
        parts = [_load(context, builder, record, part, places) for part in given]
        return context.make_tuple(builder, given, parts)
    leaf = next(places)
    return context.data_model_manager[given].load_from_data_pointer(builder, _place(builder, context, record, leaf))


def _store(context: Any, builder: Any, record: Any, given: Any, value: Any, places: Iterator[Leaf]) -> None:
    if isinstance(given, types.BaseTuple):
        for i, part in enumerate(given):
            _store(context, builder, record, part, builder.extract_value(value, i), places)
        return
    leaf = next(places)
    data = context.data_model_manager[given].as_data(builder, value)
    builder.store(data, _place(builder, context, record, leaf))


def _call(builder: Any, symbol: str, *registers: Any) -> Any:
    function_type = ir.FunctionType(WORD, [WORD] * len(registers))
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, f"fastipc_{symbol}"), registers)


def _each_array(context: Any, builder: Any, given: Any, value: Any, symbol: str, *registers: Any) -> None:
    # Tell the task's memory of each array that leaves the program: machine, row, the array's handle, and what follows.
    if isinstance(given, types.BaseTuple):
        for i, part in enumerate(given):
            _each_array(context, builder, part, builder.extract_value(value, i), symbol, *registers)
    elif isinstance(given, types.Array):
        meminfo = builder.ptrtoint(context.make_array(given)(context, builder, value).meminfo, WORD)
        _call(builder, symbol, *registers[:2], meminfo, *registers[2:])


def _keep(context: Any, builder: Any, given: Any, value: Any, machine: Any, row: Any) -> None:
    # What is the result of a program is no longer its task's.
    if any(map(holds_objects, leaves(given))):
        _call(builder, "keep_all", machine, row)
    _each_array(context, builder, given, value, "keep", machine, row)


def emit_entry(context: Any, module: Any, compiled: Any, layout: Layout, name: str, kept: bool = True) -> Any:
    """The function ``int64 (machine, row, record, void **error)`` for one compiled signature.

    ``kept``: somebody takes the result out of the record.
    """
    signature = compiled.signature
    function = ir.Function(module, ir.FunctionType(WORD, [WORD, WORD, BYTES, BYTES.as_pointer()]), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    machine, row, record, error = function.args
    t = context.make_helper(builder, task_type)
    t.machine, t.row = machine, row
    places = iter(layout.args)
    args = [_load(context, builder, record, given, places) for given in signature.args[1:]]
    status, result = context.call_internal_no_propagate(builder, compiled.fndesc, signature, [t._getvalue(), *args])
    with builder.if_then(status.is_error, likely=False):
        builder.store(builder.bitcast(status.excinfoptr, BYTES), error)
        builder.ret(WORD(1))
    if layout.result:
        result = fix_returning_optional(context, builder, signature, status, result)
        if kept:
            _keep(context, builder, signature.return_type, result, machine, row)
            _store(context, builder, record, signature.return_type, result, iter(layout.result))
        elif context.enable_nrt:
            context.nrt.decref(builder, signature.return_type, result)
    builder.ret(WORD(0))
    return function


@intrinsic
def make_start(typing_context: Any, t: Any, program: Any, args: Any) -> Any:
    """Address of what a new program begins with, its arguments stored; 0 if there is no memory."""
    require_arguments(program.program.__name__, tuple(args))
    compiled = program.program.compile_types(tuple(args), nested=True)

    def finished(context: Any, builder: Any, layout: Layout) -> list[Any]:
        name = f"fastipc_entry_{compiled.fndesc.mangled_name}"
        module = builder.module
        entry = module.globals.get(name) or emit_entry(context, module, compiled, layout, name, kept=False)
        entry.linkage = "internal"
        context.active_code_library.add_linking_library(compiled.library)
        label = context.insert_const_string(module, program.program.__name__)
        return [builder.ptrtoint(entry, WORD), builder.ptrtoint(label, WORD), WORD(layout.size)]

    def unfinished(context: Any, builder: Any) -> list[Any]:
        # A program that starts itself: where its entry will be is known only when it is compiled.
        slot = context.add_dynamic_addr(builder, program.program.slot(tuple(args)), info="fastipc.slot")
        slot = builder.bitcast(slot, WORD.as_pointer())
        return [builder.load(builder.gep(slot, [WORD(i)])) for i in (0, 2, 1)]

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        layout = layout_of(context, tuple(args), types.none if compiled is None else compiled.signature.return_type)
        about = unfinished(context, builder) if compiled is None else finished(context, builder, layout)
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(WORD, [WORD] * 5), "fastipc_start")
        task = context.make_helper(builder, task_type, value=values[0])
        parts = [task.machine, task.row, *about]
        start = builder.call(function, parts)
        with builder.if_then(builder.icmp_unsigned("!=", start, WORD(0)), likely=True):
            context.nrt.incref(builder, args, values[2])
            _each_array(context, builder, args, values[2], "lend", task.machine, task.row, start)
            record = builder.inttoptr(builder.add(start, WORD(START_SIZE)), BYTES)
            _store(context, builder, record, args, values[2], iter(layout.args))
        return start

    return types.int64(t, program, args), generate


def entry_address(compiled: Any, layout: Layout) -> tuple[int, Any]:
    """Address of the entry of a compiled signature, and the library that must be kept."""
    context = compiled.target_context
    library = context.codegen().create_library("fastipc.entry")
    module = library.create_ir_module("fastipc.entry")
    name = f"fastipc_entry_{compiled.fndesc.mangled_name}"
    emit_entry(context, module, compiled, layout, name)
    library.add_ir_module(module)
    library.add_linking_library(compiled.library)
    library.finalize()
    return library.get_pointer_to_function(name), library


# ---------------------------------------------------------------------------------------------- errors and results
@intrinsic
def _propagate(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        convention = context.call_conv
        true, false = cgutils.true_bit, cgutils.false_bit
        pointer = builder.inttoptr(args[0], convention._get_excinfo_argument(builder.function).type.pointee)
        status = Status(
            code=RETCODE_USEREXC,
            is_ok=false,
            is_error=true,
            is_python_exc=false,
            is_none=false,
            is_user_exc=true,
            is_stop_iteration=false,
            excinfoptr=pointer,
        )
        convention.return_status_propagate(builder, status)
        if builder.block.is_terminated:
            builder.position_at_end(builder.append_basic_block("after"))
        return context.get_dummy_value()

    return types.none(types.int64), generate


@numba.njit
def _reraise(address):
    _propagate(address)


def error_at(address: int) -> BaseException:
    """The exception that Numba describes at an address."""
    try:
        _reraise(address)
    except AssertionError as e:
        if "RERAISE" not in str(e):  # Numba has no exceptions that leave a handler: it gives this instead
            return e
        return RuntimeError("an error came out of an `except` block; compiled code does not know which")
    except BaseException as e:
        return e
    return RuntimeError("the program was left by an error")


def make_taker(layout: Layout, result: Any) -> Any:
    """A function that makes a Python object of the result in a record, whose references it takes over."""

    @intrinsic
    def take(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            record = builder.inttoptr(args[0], BYTES)
            return _load(context, builder, record, result, iter(layout.result))

        return result(types.int64), generate

    @numba.njit
    def taker(address):
        return take(address)

    return taker
