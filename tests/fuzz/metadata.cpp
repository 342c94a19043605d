#include "fetch/pypi/core_metadata.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto metadata = parse_core_metadata(fuzz::text_of(bytes, size), "METADATA");
    if (!metadata) FUZZ_CHECK(!metadata.error().message.empty());
    return 0;
}
