#include "fetch/archive_receiver.hpp"

#include <fmt/format.h>

#include "fetch/archive_store.hpp"

namespace aimlock {

ArchiveReceiver::ArchiveReceiver(const Package& package,
                                 AtomicFile file,
                                 std::function<void(std::int64_t)> advance)
    : package_(package), file_(std::move(file)), advance_(std::move(advance)) {}

void ArchiveReceiver::before_try(HttpRequest& request) {
    first_piece_ = true;
    request.range = bytes_ == 0 ? std::string{} : fmt::format("{}-", bytes_);
}

Result<void> ArchiveReceiver::restart() {
    advance_(-static_cast<std::int64_t>(bytes_));
    bytes_ = 0;
    hash_ = Sha256Stream{};
    return file_.restart();
}

Result<void> ArchiveReceiver::take(const HttpResponse& head, std::string_view piece) {
    if (std::exchange(first_piece_, false) && bytes_ != 0) {
        // 200: the server ignores ranges. Another range than the one asked for is not to be trusted: all
        // again.
        const bool goes_on =
            head.status == 206 && head.content_range.starts_with(fmt::format("bytes {}-", bytes_));
        if (!goes_on && head.status == 206) {
            return fail(ErrorCode::integrity,
                        fmt::format("{}: asked for bytes from {}, got `{}`", shown_package(package_), bytes_,
                                    head.content_range));
        }
        if (!goes_on) {
            if (auto done = restart(); !done) return done;
        }
    }
    bytes_ += piece.size();
    if (package_.size_bytes != 0 && bytes_ > package_.size_bytes) {
        return fail(ErrorCode::integrity,
                    fmt::format("{}: the server sends more than the {} bytes that the lock promises",
                                shown_package(package_), package_.size_bytes));
    }
    hash_.update(piece);
    advance_(static_cast<std::int64_t>(piece.size()));
    return file_.write(piece);
}

Result<void> ArchiveReceiver::finish() {
    if (package_.size_bytes != 0 && bytes_ != package_.size_bytes) {
        return fail(ErrorCode::integrity, fmt::format("{}: {} bytes arrived, but the lock promises {}",
                                                      shown_package(package_), bytes_, package_.size_bytes));
    }
    if (const Sha256 found = hash_.finish(); found != package_.sha256) {
        return fail(ErrorCode::integrity,
                    fmt::format("{}: sha256 is {}, but the lock promises {}", shown_package(package_),
                                found.hex(), package_.sha256.hex()),
                    "Do not install it: the file was changed after the lock was made, or on its way");
    }
    return file_.commit();
}

}  // namespace aimlock
