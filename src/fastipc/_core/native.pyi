SYMBOLS: dict[str, int]

class NativeProgram:
    def __new__(cls, step: int, state: int = 0, keep: object = None) -> NativeProgram: ...
