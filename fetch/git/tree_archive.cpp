#include "fetch/git/tree_archive.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "fetch/archive/pax_record.hpp"

namespace aimlock {
namespace {

constexpr std::size_t block = 512;

void put(std::string& header, std::size_t at, std::size_t width, std::string_view text) {
    std::copy_n(text.begin(), std::min(width, text.size()), header.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string octal(std::uint64_t value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
    return text.data();
}

void append_entry(std::string& tar,
                  std::string_view name,
                  std::string_view link,
                  std::string_view content,
                  unsigned mode,
                  char type) {
    std::string header(block, '\0');
    put(header, 0, 100, name);
    put(header, 100, 8, octal(mode, 7));
    put(header, 108, 8, octal(0, 7));
    put(header, 116, 8, octal(0, 7));
    put(header, 124, 12, octal(content.size(), 11));
    put(header, 136, 12, octal(0, 11));
    put(header, 148, 8, "        ");
    header[156] = type;
    put(header, 157, 100, link);
    put(header, 257, 8, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(header, 148, 8, octal(sum, 6) + '\0' + ' ');
    tar += header;
    tar += content;
    tar.append((block - content.size() % block) % block, '\0');
}

bool needs_pax(std::string_view text) {
    return text.size() > 100 ||
           std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

std::string tree_archive(std::vector<TreeFile> files) {
    std::ranges::sort(files, {}, &TreeFile::path);
    std::string tar;
    for (const TreeFile& file : files) {
        const std::string name = "tree/" + file.path;
        const std::string_view link = file.symlink ? std::string_view(file.content) : std::string_view{};
        std::string pax;
        if (needs_pax(name)) pax += pax_record("path", name);
        if (needs_pax(link)) pax += pax_record("linkpath", link);
        if (!pax.empty()) append_entry(tar, "pax", {}, pax, 0644, 'x');
        append_entry(tar, name, link, file.symlink ? std::string_view{} : std::string_view(file.content),
                     file.symlink      ? 0777
                     : file.executable ? 0755
                                       : 0644,
                     file.symlink ? '2' : '0');
    }
    return tar.append(2 * block, '\0');
}

}  // namespace aimlock
