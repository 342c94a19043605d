#pragma once

#include <functional>
#include <optional>
#include <string>

#include "fetch/atomic_file.hpp"
#include "fetch/transfer.hpp"
#include "solver/base/digest.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Takes the bytes of one archive as they arrive, hashes and writes them, and resumes after a break. Its
/// calls come from one thread at a time.
class ArchiveReceiver {
public:
    /// `advance` is told of bytes that arrived; negative after a restart.
    ArchiveReceiver(const Package& package, AtomicFile file, std::function<void(std::int64_t)> advance);

    /// Asks for the rest where something is there already.
    void before_try(HttpRequest& request);
    Result<void> take(const HttpResponse& head, std::string_view piece);
    /// Checks size and hash, and renames the file into its place. Fails with code `integrity`, naming URL,
    /// package and both.
    Result<void> finish();
    /// Forgets everything, for a second attempt after a wrong hash.
    Result<void> restart();
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    const Package& package_;
    AtomicFile file_;
    Sha256Stream hash_;
    std::uint64_t bytes_ = 0;
    bool first_piece_ = true;
    std::function<void(std::int64_t)> advance_;
};

}  // namespace aimlock
