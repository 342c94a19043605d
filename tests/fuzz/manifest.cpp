// The first byte says which manifest the rest is.
#include "lock/manifest/any_manifest.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = fuzz::text_of(bytes, size);
    const std::string file(manifest_names[bytes[0] % manifest_names.size()]);
    const auto manifest = read_any_manifest(text.substr(1), file);
    if (manifest) return 0;
    FUZZ_CHECK(!manifest.error().empty());
    for (const Error& error : manifest.error()) FUZZ_CHECK(!error.message.empty());
    return 0;
}
