#include "lock/lockfile.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto lock = read_lock(fuzz::text_of(bytes, size), "aimlock.lock");
    if (!lock) {
        FUZZ_CHECK(!lock.error().message.empty());
        return 0;
    }
    const auto again = read_lock(write_lock(*lock), "aimlock.lock");
    FUZZ_CHECK(again && *again == *lock);
    return 0;
}
