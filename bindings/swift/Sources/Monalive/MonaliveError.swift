import Foundation

/// What went wrong; the message says what to do. The names are those of the Python SDK.
public enum MonaliveError: Error, Equatable, LocalizedError {
    /// An argument or a file makes no sense.
    case valueError(String)
    /// A call at the wrong moment: closed, or another running mode.
    case runtimeError(String)
    /// There is no such file.
    case fileNotFoundError(String)

    public var errorDescription: String? {
        switch self {
        case .valueError(let message), .runtimeError(let message), .fileNotFoundError(let message): return message
        }
    }
}

func require(_ condition: @autoclosure () throws -> Bool, _ message: @autoclosure () -> String) throws {
    if try !condition() { throw MonaliveError.valueError(message()) }
}
