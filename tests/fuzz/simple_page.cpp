// A project page, JSON (PEP 691) or HTML (PEP 503): fuzz_json_page and fuzz_html_page differ in their seeds.
#include "fetch/pypi/simple_page.hpp"

#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string padded(fuzz::text_of(bytes, size));
    padded.resize(size + 64);
    const PageOrigin origin{"p", "https://index.example/simple", "https://index.example/simple/p/"};
    const auto page = parse_simple_page(std::string_view(padded).substr(0, size), origin, {});
    if (!page) {
        FUZZ_CHECK(!page.error().message.empty());
        return 0;
    }
    for (const WheelFile& wheel : page->wheels) FUZZ_CHECK(wheel.file_name.ends_with(".whl"));
    return 0;
}
