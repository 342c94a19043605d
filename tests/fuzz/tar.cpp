// A .tar.bz2 or .tar.zst, told apart by the first byte.
#include "fetch/archive/tar_reader.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::uint64_t most = 1U << 20U;
    const std::string_view text = fuzz::text_of(bytes, size);
    const auto compression = text.starts_with('B') ? TarCompression::bzip2 : TarCompression::zstd;
    auto reader = TarReader::open(text, compression, most);
    if (!reader) return 0;
    std::uint64_t read = 0;
    while (true) {
        const auto entry = reader->next();
        if (!entry || !*entry) break;
        FUZZ_CHECK(!(*entry)->path.starts_with('/') && (*entry)->path.find("..") != 0);
        const auto content = reader->read_all();
        if (!content) break;
        read += content->size();
        FUZZ_CHECK(read <= most);
    }
    return 0;
}
