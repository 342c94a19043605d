#include "tests/support/shared.hpp"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <zstd.h>

namespace aimlock::testing {

std::optional<std::filesystem::path> shared_path(const std::string& name) {
    std::filesystem::path path = std::filesystem::path(AIMLOCK_SOURCE_DIR) / "../shared" / name;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return std::filesystem::canonical(path);
}

std::string read_shared(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    EXPECT_TRUE(in) << "cannot read " << file;
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (file.extension() != ".zst") return bytes;
    std::string text;
    const auto context = ::ZSTD_createDCtx();
    ::ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    std::string piece(::ZSTD_DStreamOutSize(), '\0');
    while (input.pos < input.size) {
        ::ZSTD_outBuffer output{piece.data(), piece.size(), 0};
        const std::size_t rest = ::ZSTD_decompressStream(context, &output, &input);
        if (::ZSTD_isError(rest) != 0U) {
            ADD_FAILURE() << file << ": " << ::ZSTD_getErrorName(rest);
            break;
        }
        text.append(piece.data(), output.pos);
    }
    ::ZSTD_freeDCtx(context);
    return text;
}

}  // namespace aimlock::testing
