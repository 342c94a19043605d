#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace aimlock {

/// Where in an input text something was found. Lines and columns count from 1; columns count bytes.
struct SourcePos {
    std::string file;
    std::uint32_t line = 1;
    std::uint32_t column = 1;

    friend bool operator==(const SourcePos&, const SourcePos&) = default;
};

/// The kind of a failure. Its spelling in JSON (`error_code_name`) is stable: scripts switch on it.
enum class ErrorCode : std::uint8_t {
    usage,         ///< the command line asks for something that does not exist
    syntax,        ///< a version, specifier, MatchSpec, requirement or marker that does not parse
    manifest,      ///< the manifest is not valid
    lock,          ///< the lock is not valid, or is of a newer format
    target,        ///< a target that contradicts itself (a GPU its driver does not know, …)
    network,       ///< a server could not be reached or did not answer as it should
    not_found,     ///< a server answered that the document does not exist
    offline_miss,  ///< --offline, and the cache does not hold it
    integrity,     ///< bytes whose size or hash is not the one promised
    repodata,      ///< a channel's document that does not parse or is truncated
    index,         ///< a PyPI page or core metadata that does not parse
    archive,       ///< a package whose content breaks a rule (see image/README.md)
    io,            ///< the file system refused
    refused,       ///< the request was understood and must not be carried out
    internal,      ///< a fault of ours
};

/// The stable JSON spelling of `code`, for example "offline-miss".
std::string_view error_code_name(ErrorCode code);

/// One failure, ready to be shown: what went wrong, where, and what to do next.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< lower case, no full stop: "expected a version after `>=`"
    SourcePos pos;        ///< empty `file` and line 0: the failure has no place in a text
    std::string hint;     ///< empty, or one sentence that begins with a verb
};

template <class T>
using Result = tl::expected<T, Error>;

/// A failure with no place in a text.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
    return tl::make_unexpected(Error{code, std::move(message), SourcePos{{}, 0, 0}, std::move(hint)});
}

/// A failure at a place in a text.
inline tl::unexpected<Error> fail_at(ErrorCode code,
                                     std::string message,
                                     SourcePos pos,
                                     std::string hint = {}) {
    return tl::make_unexpected(Error{code, std::move(message), std::move(pos), std::move(hint)});
}

/// `pos` moved right by `bytes` on the same line.
inline SourcePos advanced(SourcePos pos, std::size_t bytes) {
    pos.column += static_cast<std::uint32_t>(bytes);
    return pos;
}

}  // namespace aimlock
