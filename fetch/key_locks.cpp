#include "fetch/key_locks.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

/// A byte far out in a file that stays empty.
std::int64_t place_of(std::string_view key) {
    const Sha256 digest = sha256_of(key);
    std::uint64_t place = 0;
    std::memcpy(&place, digest.bytes.data(), sizeof place);
    return static_cast<std::int64_t>(place >> 2U);
}

struct flock byte_at(std::int64_t at, short type) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = at;
    range.l_len = 1;
    return range;
}

}  // namespace

KeyLocks::~KeyLocks() {
    if (fd_ >= 0) ::close(fd_);
}

KeyLocks::Outcome KeyLocks::try_take(std::string_view key, Held& held) {
    std::call_once(opened_, [this] {
        std::error_code failed;
        std::filesystem::create_directories(file_.parent_path(), failed);
        fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    });
    if (fd_ < 0) return Outcome::unavailable;
    const std::int64_t at = place_of(key);
    struct flock range = byte_at(at, F_WRLCK);
    if (::fcntl(fd_, F_OFD_SETLK, &range) != 0)
        return errno == EAGAIN || errno == EACCES ? Outcome::busy : Outcome::unavailable;
    Held taken;
    taken.locks_ = this;
    taken.at_ = at;
    held = std::move(taken);
    return Outcome::taken;
}

void KeyLocks::Held::release() {
    if (locks_ != nullptr) std::exchange(locks_, nullptr)->release(at_);
}

void KeyLocks::release(std::int64_t at) const {
    struct flock range = byte_at(at, F_UNLCK);
    ::fcntl(fd_, F_OFD_SETLK, &range);
}

}  // namespace aimlock
