#include "fetch/archive/zip_reader.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::uint64_t most = 1U << 20U;
    const auto reader = ZipReader::open(fuzz::text_of(bytes, size), most);
    if (!reader) return 0;
    for (const ZipEntry& entry : reader->entries()) {
        FUZZ_CHECK(!entry.path.starts_with('/') && entry.path.find("..") != 0);
        FUZZ_CHECK(reader->find(entry.path) != nullptr);
        const auto content = reader->read_all(entry, most);
        if (content) FUZZ_CHECK(content->size() == entry.size_bytes);
    }
    return 0;
}
