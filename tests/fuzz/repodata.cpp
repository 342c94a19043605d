// The cutter must say the same wherever the text is cut into pieces.
#include "fetch/conda/repodata_cutter.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

namespace {

/// What was emitted, and whether it ended well.
std::string cut(std::string_view text, std::size_t piece) {
    std::string emitted;
    RepodataCutter cutter(
        [&](std::string_view key, std::string part) -> Result<void> {
            emitted += std::string(key) + "=" + part + "\n";
            return {};
        },
        64);
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!cutter.feed(text.substr(at, piece))) return "refused";
    }
    return cutter.finish() ? emitted : "refused";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    const bool refused = cut(text, size + 1) == "refused";
    for (const std::size_t piece : {1U, 7U}) FUZZ_CHECK((cut(text, piece) == "refused") == refused);
    return 0;
}
