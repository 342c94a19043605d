#include "tests/unit/fetch/wheel_maker.hpp"

#include <cstdint>
#include <memory>
#include <random>

#include <libdeflate.h>

namespace aimlock::testing {
namespace {

std::string little_endian(std::uint64_t value, unsigned width) {
    std::string out;
    for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
}

std::string deflated(const std::string& text) {
    const std::unique_ptr<libdeflate_compressor, decltype(&::libdeflate_free_compressor)> compressor(
        ::libdeflate_alloc_compressor(6), &::libdeflate_free_compressor);
    std::string out(::libdeflate_deflate_compress_bound(compressor.get(), text.size()), '\0');
    out.resize(
        ::libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), out.data(), out.size()));
    return out;
}

}  // namespace

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string zip;
    std::string directory;
    for (const auto& [name, text] : members) {
        const std::string body = deflated(text);
        const std::string common =
            little_endian(20, 2) + little_endian(0, 2) + little_endian(8, 2) + little_endian(0, 4) +
            little_endian(::libdeflate_crc32(0, text.data(), text.size()), 4) +
            little_endian(body.size(), 4) + little_endian(text.size(), 4) + little_endian(name.size(), 2);
        directory += "PK\1\2" + little_endian(20, 2) + common + little_endian(0, 2) + little_endian(0, 2) +
                     little_endian(0, 4) + little_endian(0, 4) + little_endian(zip.size(), 4) + name;
        zip += "PK\3\4" + common + little_endian(0, 2) + name + body;
    }
    const std::string count = little_endian(members.size(), 2);
    const std::string end = "PK\5\6" + little_endian(0, 4) + count + count +
                            little_endian(directory.size(), 4) + little_endian(zip.size(), 4) +
                            little_endian(0, 2);
    return zip + directory + end;
}

std::string noise(std::size_t size) {
    std::mt19937 random(42);
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
}

std::string make_wheel(const std::string& name,
                       const std::string& version,
                       const std::vector<std::string>& requires_dist,
                       std::size_t padding_before,
                       std::size_t padding_behind) {
    std::string metadata = "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n";
    for (const std::string& line : requires_dist) metadata += "Requires-Dist: " + line + "\n";
    metadata += "\nA description\n";
    const std::string folder = name + "-" + version + ".dist-info/";
    std::vector<std::pair<std::string, std::string>> members{{name + "/__init__.py", ""}};
    if (padding_before != 0) members.emplace_back(name + "/before.bin", noise(padding_before));
    members.emplace_back(folder + "METADATA", metadata);
    if (padding_behind != 0) members.emplace_back(name + "/behind.bin", noise(padding_behind));
    members.emplace_back(folder + "RECORD", "");
    return make_zip(members);
}

}  // namespace aimlock::testing
