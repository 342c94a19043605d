#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// One line of a RECORD: a path, `algorithm=base64url` (or nothing) and a size (or nothing).
struct RecordLine {
    std::string path;
    std::string hash;
    std::string size;
};

/// Reads the CSV of a RECORD file.
Result<std::vector<RecordLine>> parse_record(std::string_view text);

/// The line for a file, quoted where CSV needs it, with its line end. A digest that is not known leaves hash
/// and size out.
std::string record_line(std::string_view path, const Sha256& sha256, std::uint64_t size_bytes);

/// The hash field of a RECORD line as a digest; nullopt when it is not a SHA-256.
std::optional<Sha256> record_sha256(std::string_view hash);

/// `sha256=…` as RECORD spells it.
std::string record_hash(const Sha256& sha256);

}  // namespace aimlock
