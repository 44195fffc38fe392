"""Programs that are compiled to machine code: ordinary blocking functions with no interpreter in the loop.

Numba is imported when the first of them is compiled, not before.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from struct import error as StructError
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from fastipc._core.entries import Batch, NativeProgram, SigSet, Start, TaskCore, decode_errors
from fastipc.errors import CompileError

if TYPE_CHECKING:
    import ast

    import numpy as np

    from fastipc._numba.entry import Layout


class Form:
    """One signature of a program, compiled."""

    __slots__ = ("address", "compiled", "keep", "layout")

    def __init__(self, address: int, layout: Layout, compiled: Any, keep: Any) -> None:
        self.address = address
        self.layout = layout
        self.compiled = compiled  # Numba's CompileResult
        self.keep = keep  # the library that holds the machine code


class CompiledProgram(NativeProgram):
    """A program made by `compiled`, to be given to ``Kernel.spawn``, ``fork``, ``thread``, ``clone`` and ``execve``.

    Attributes
    ----------
    py_func : callable
        The function itself: given to ``spawn``, it runs interpreted.
    """

    def __init__(self, function: FunctionType) -> None:
        from inspect import signature

        refuse(function)
        self.py_func = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self.identity = identity(function)
        programs[self.identity] = self
        self._signature = signature(function)
        self._forms: dict[tuple[Any, ...], Form] = {}
        self._short: dict[tuple[type, ...], tuple[Form, Struct]] = {}  # by the classes of plain numbers
        self._making: set[Any] = set()  # signatures that Numba is compiling
        self._dispatcher: Any = None

    def __call__(self, *args: Any) -> Any:
        """Call the function itself, interpreted."""
        return self.py_func(*args)

    def __repr__(self) -> str:
        return f"<compiled program {self.__name__}>"

    def __reduce__(self) -> Any:
        return _program_named, (self.py_func.__module__, self.py_func.__qualname__)

    # -------------------------------------------------------------------------------------- what a machine asks
    def begin(self, args: tuple[Any, ...]) -> Start:
        """Compile for these arguments, if that has not been done, and store them."""
        classes = tuple(map(type, args))
        short = self._short.get(classes)
        if short is not None:
            with suppress(StructError):  # an integer of more than 63 bits, which is of another type
                return Start(self, short[0].address, short[1].pack(*args), args)
        given = self.bound(args)
        form = self.form(given)
        from fastipc._numba.host import pack, packer

        if len(given) == len(args) and (plain := packer(form.layout, classes)) is not None:
            self._short[classes] = form, plain
        record = bytearray(form.layout.size)
        pack(form.layout, given, record)
        return Start(self, form.address, record, given)

    def begin_many(self, n: int, columns: list[np.ndarray[Any, Any]], name: str | None) -> Batch:
        """Compile for the elements of arrays, and store n records of arguments."""
        import numpy as np

        from fastipc._numba.host import pack_column, values

        given = self.bound(tuple(column[0] if n else column.dtype.type(0) for column in columns))
        form = self.form(given)
        records = np.zeros((n, form.layout.size), np.uint8)
        every = [*columns, *(np.broadcast_to(v, (n, *np.shape(v))) for v in values(given[len(columns) :]))]
        kept = [pack_column(leaf, column, records) for leaf, column in zip(form.layout.args, every, strict=True)]
        return Batch(self, form.address, records, name or self.__name__, tuple(kept))

    def result(self, entry: int, address: int) -> Any:
        """The value that the program returned, from the record at an address."""
        from fastipc._numba.host import unpack

        form = next(form for form in self._forms.values() if form.address == entry)
        return unpack(form.layout, form.compiled.signature.return_type, address)

    def as_handler(self) -> bytes:
        """How a machine runs it as the handler of a signal: ``f(t, signo, info)``, info an array of one SIGINFO."""
        import numpy as np

        from fastipc._core.layout import dtype

        form = self.form(self.bound((0, np.zeros(1, dtype("siginfo")))))
        from fastipc._numba.signals import native_handler

        return native_handler(form.address, form.layout)

    # -------------------------------------------------------------------------------------- compiling
    def bound(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments after the task, defaults filled in, as compiled code takes them."""
        try:
            bound = self._signature.bind(None, *args)
        except TypeError as e:
            raise TypeError(f"{self.__name__}: {e}") from None
        bound.apply_defaults()
        return tuple(_prepared(value) for value in bound.args[1:])

    def form(self, args: tuple[Any, ...]) -> Form:
        """The form for arguments like these."""
        from numba import typeof

        import fastipc._numba.host  # noqa: F401

        try:
            types_ = tuple(typeof(value) for value in args)
        except ValueError as e:
            raise TypeError(f"{self.__name__}: an argument has no compiled form: {e}") from None
        return self._forms.get(types_) or self._make(types_)

    def _make(self, types_: tuple[Any, ...]) -> Form:
        with _lock():
            from fastipc._numba.entry import entry_address, layout_of
            from fastipc._numba.host import check_result, check_types

            check_types(self.__name__, types_)
            compiled = self.compile_types(types_)
            check_result(self.__name__, compiled.signature.return_type)

            layout = layout_of(compiled.target_context, types_, compiled.signature.return_type)
            address, library = entry_address(compiled, layout)
            self._forms[types_] = Form(address, layout, compiled, library)
            slot = _slots.get((self.identity, types_))
            if slot is not None:
                slot[0], slot[1] = address, layout.size
            while _empty:
                program, given = _empty.pop()
                if given not in program._forms:
                    program._make(given)
            return self._forms[types_]

    def slot(self, types_: tuple[Any, ...]) -> int:
        """Address of three words about a form that is being compiled: its entry, size of its record, its name."""
        import ctypes

        key = (self.identity, types_)
        if key not in _slots:
            label = ctypes.create_string_buffer(self.__name__.encode())
            _slots[key] = (ctypes.c_int64 * 3)(0, 0, ctypes.addressof(label))
            _slots[key].label = label
            _empty.append((self, types_))
        return ctypes.addressof(_slots[key])

    def compile_types(self, types_: tuple[Any, ...], nested: bool = False) -> Any:
        """Numba's result for arguments of these types after the task.

        ``nested``: Numba is compiling another program that starts this one, and reports what goes wrong itself. None
        if that is this one itself, directly or in a circle.
        """
        with _lock():
            from fastipc._numba.task_type import task_type

            dispatcher = self._jitted()
            signature = (task_type, *types_)
            if signature not in dispatcher.overloads:
                if signature in self._making:
                    return None
                self._making.add(signature)
                try:
                    if nested:
                        dispatcher.compile(signature)
                    else:
                        _compile(self, dispatcher, signature)
                finally:
                    self._making.remove(signature)
            return dispatcher.overloads[signature]

    def _jitted(self) -> Any:
        if self._dispatcher is None:
            import numba

            import fastipc._numba.host  # noqa: F401
            from fastipc._numba.entry import error_at

            decode_errors(error_at)
            self._dispatcher = numba.njit(self.py_func)
            try:
                self._dispatcher.enable_caching()
            except RuntimeError:
                pass  # no source file, or nowhere to keep it: compiled each time
            else:
                _keep_what_can_be_loaded(self._dispatcher._cache)
        return self._dispatcher


def compiled(function: Callable[..., Any]) -> CompiledProgram:
    """Make a program that runs as machine code.

    Parameters
    ----------
    function : callable
        ``f(t, *args)``: ``t`` is the task, its methods are the system calls in their buffer forms. Arguments may be
        numbers, booleans, tuples of them, and NumPy arrays.

    Returns
    -------
    CompiledProgram
        To be given to ``Kernel.spawn``, ``fork``, ``thread``, ``clone`` and ``execve``.

    Raises
    ------
    CompileError
        For what machine code cannot have: ``except OSError``, ``as e``, ``raise`` inside ``except``, ``finally``,
        generators. What Numba does not know is an error when the program is first started.

    Examples
    --------
    >>> import numpy as np
    >>> @compiled
    ... def echo(t, r, w, n):
    ...     buf = np.zeros(1, np.uint8)
    ...     for i in range(n):
    ...         t.readinto(r, buf)
    ...         t.write(w, buf)
    """
    if isinstance(function, CompiledProgram):
        return function
    if not isinstance(function, FunctionType):
        raise TypeError(f"function must be a Python function, not {type(function).__name__}")
    return CompiledProgram(function)


def compile(program: Callable[..., Any], *example_args: Any) -> CompiledProgram:
    """Compile a program ahead for arguments like these; the program.

    Raises
    ------
    CompileError
        If it cannot be compiled.
    """
    made = compiled(program)
    made.form(made.bound(example_args))
    return made


# ---------------------------------------------------------------------------------------------- refusing
HINT = (
    "catch `except Exception:` and look at t.errno, or use the sys_ form of the call (t.sys_write, ...), which returns "
    "-errno"
)
# In a line of Numba's that says what is wrong.
CAUSES = ("must be", "does not", "unknown attribute", "no implementation of", "not supported", "unsupported", "use t.")


def refuse(function: FunctionType) -> None:
    """Raise for what Numba would refuse later, or worse, understand in another way."""
    import ast
    import inspect
    import textwrap

    code = function.__code__
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise CompileError(
            f"{_place(function, code.co_firstlineno)}: {function.__name__} is a generator or async: a compiled program "
            "is a plain function, whose calls block"
        )
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return  # without its source it is Numba's to refuse
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler | ast.Try) and (wrong := _wrong(node)):
            line = code.co_firstlineno + node.lineno - 1
            raise CompileError(f"{_place(function, line)}: {wrong} cannot be compiled: {HINT}")


def _wrong(node: ast.ExceptHandler | ast.Try) -> str | None:
    import ast

    if isinstance(node, ast.Try):
        return "`finally`" if node.finalbody else None
    if node.type is not None and ast.unparse(node.type) != "Exception":
        return f"`except {ast.unparse(node.type)}`"
    if node.name is not None:
        return f"`as {node.name}`"
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise):
            return "`raise` alone" if inner.exc is None else "`raise` inside `except`"
    return None


def _place(function: FunctionType, line: int) -> str:
    import inspect

    return f"{inspect.getsourcefile(function) or '<program>'}:{line}"


def _compile(program: CompiledProgram, dispatcher: Any, signature: Any) -> None:
    from numba.core.errors import NumbaError, UnsupportedBytecodeError

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Cannot cache compiled function")  # a program that starts itself
            dispatcher.compile(signature)
    except (NumbaError, UnsupportedBytecodeError) as e:
        raise CompileError(
            f"{program.__name__} cannot be compiled: {_reason(e)}\n"
            f"To run it interpreted, give `{program.__name__}.py_func` to spawn or fork."
        ) from e


def _keep_what_can_be_loaded(cache: Any) -> None:
    # Numba ends the process when it loads code with a call of a helper that calls itself, if that was not inlined.
    save = cache.save_overload

    def save_overload(signature: Any, compiled: Any) -> None:
        if ".numba.unresolved$" not in compiled.library.get_llvm_str():
            save(signature, compiled)

    cache.save_overload = save_overload


def _reason(error: Any) -> str:
    # The last cause that Numba names, and the line it names last.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    place = next((line for line in reversed(lines) if line.startswith("File ")), "")
    told = [line for line in lines if not line.startswith(("- Resolution", "raised from", "Overload of"))]
    named = [line for line in told if any(cause in line.lower() for cause in CAUSES)]
    return f"{(named or told[:1] or [type(error).__name__])[-1]} {place}".strip()


# ---------------------------------------------------------------------------------------------- arguments
def _prepared(value: Any) -> Any:
    # A task is its pid, a set of signals its mask, bytes are an array of them.
    if isinstance(value, TaskCore):
        return value.pid
    if isinstance(value, SigSet):
        return value.mask
    if isinstance(value, bytes | bytearray | memoryview):
        import numpy as np

        return np.frombuffer(value, np.uint8)
    if isinstance(value, tuple):
        parts = [_prepared(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def identity(function: FunctionType) -> str:
    """A name for a program that changes with its code, its closure, and its defaults, and is no other program's."""
    from hashlib import sha256

    code = function.__code__
    known: list[Any] = [code.co_code, code.co_consts, code.co_names, function.__defaults__]
    known += [_told(cell) for cell in function.__closure__ or ()]
    name = f"{function.__module__}.{function.__qualname__}-{sha256(repr(known).encode()).hexdigest()[:12]}"
    if _named.setdefault(name, function.__globals__) is not function.__globals__:  # the same text elsewhere
        name += f"-{os.urandom(16).hex()}"
    return name


_slots: dict[Any, Any] = {}  # of programs that start themselves; machine code has their addresses
_empty: list[tuple[CompiledProgram, Any]] = []  # whose slot is to be filled when they are compiled
programs: WeakValueDictionary[str, CompiledProgram] = WeakValueDictionary()
_named: dict[str, Any] = {}  # globals of the first program of each name


def _told(cell: Any) -> str:
    # What a cell of a closure holds; what has no text of its own is like nothing else.
    try:
        value = cell.cell_contents
    except ValueError:  # not set yet
        return os.urandom(16).hex()
    if isinstance(value, CompiledProgram):
        return value.identity
    return repr(value) if isinstance(value, int | float | str | bytes | None) else os.urandom(16).hex()


def _program_named(module: str, name: str) -> Any:
    import importlib

    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _lock() -> Any:
    # Numba's own, so that threads that compile do not wait for each other crosswise.
    from numba.core.compiler_lock import global_compiler_lock

    return global_compiler_lock
