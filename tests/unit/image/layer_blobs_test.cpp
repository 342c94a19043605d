#include "image/oci/layer_blobs.hpp"

#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fetch/compression.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

/// The field of a header in octal.
std::uint64_t octal(const std::string& tar, std::size_t at, std::size_t size) {
    return std::stoull(tar.substr(at, size), nullptr, 8);
}

std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
}

LayerEntry file_entry(const std::string& path, std::string content) {
    LayerEntry entry;
    entry.member.path = path;
    entry.member.size_bytes = content.size();
    entry.content = std::move(content);
    return entry;
}

LayerEntry folder_entry(const std::string& path) {
    LayerEntry entry;
    entry.member = {LayerMember::Kind::folder, path, {}, 0, 0755, 0, 0};
    return entry;
}

constexpr std::uint64_t max_blob = std::uint64_t{2} << 30U;

struct Written {
    std::vector<LayerBlob> blobs;
    std::vector<std::string> tars;
};

class LayerBlobs : public ::testing::Test {
protected:
    Written write(const std::vector<LayerEntry>& entries, std::uint64_t limit, unsigned threads) {
        BlockPool pool(threads);
        const auto file = [&](std::size_t part) { return folder.path() / ("blob" + std::to_string(part)); };
        const auto blobs = write_layer_blobs(entries, LayerCompression::gzip, limit, pool, file);
        EXPECT_TRUE(blobs) << (blobs ? "" : blobs.error().message);
        Written written;
        if (!blobs) return written;
        written.blobs = *blobs;
        for (std::size_t part = 0; part < blobs->size(); ++part) {
            const std::string stored = bytes_of(file(part));
            EXPECT_EQ(sha256_of(stored), (*blobs)[part].digest);
            EXPECT_EQ(stored.size(), (*blobs)[part].size_bytes);
            written.tars.push_back(inflate_gzip(stored, "layer", {std::uint64_t{1} << 30U, 100'000}).value());
            EXPECT_EQ(sha256_of(written.tars.back()), (*blobs)[part].diff_id);
        }
        return written;
    }

    testing::TempDir folder;
};

TEST(TarHeader, states_what_it_must_and_no_more) {
    LayerMember member;
    member.path = "opt/env/bin/python";
    member.size_bytes = 5;
    member.mode = 0755;
    member.user = 1000;
    const std::string header = tar_header(member);
    ASSERT_EQ(512U, header.size());
    EXPECT_EQ("opt/env/bin/python", std::string(header.c_str()));
    EXPECT_EQ(0755U, octal(header, 100, 7));
    EXPECT_EQ(1000U, octal(header, 108, 7));
    EXPECT_EQ(5U, octal(header, 124, 11));
    EXPECT_EQ(315532800U, octal(header, 136, 11));
    EXPECT_EQ('0', header[156]);
    EXPECT_EQ(std::string("ustar\00000", 8), header.substr(257, 8));
    EXPECT_EQ(std::string(64, '\0'), header.substr(265, 64)) << "names of user and group";
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i)
        sum += static_cast<unsigned char>(i >= 148 && i < 156 ? ' ' : header[i]);
    EXPECT_EQ(sum, octal(header, 148, 6));
}

TEST(TarHeader, long_paths_are_cut_at_a_folder_before_pax_is_needed) {
    LayerMember member;
    member.path = std::string(90, 'a') + "/" + std::string(90, 'b');
    const std::string header = tar_header(member);
    ASSERT_EQ(512U, header.size());
    EXPECT_EQ(std::string(90, 'b'), std::string(header.c_str()));
    EXPECT_EQ(std::string(90, 'a'), std::string(header.c_str() + 345));
}

TEST(TarHeader, pax_says_what_ustar_cannot) {
    LayerMember member;
    member.path = std::string(101, 'a');
    member.size_bytes = std::uint64_t{9} << 30U;
    const std::string headers = tar_header(member);
    ASSERT_EQ(3U * 512U, headers.size());
    EXPECT_EQ('x', headers[156]);
    EXPECT_EQ("111 path=" + std::string(101, 'a') + "\n19 size=9663676416\n",
              headers.substr(512, octal(headers, 124, 11)));
    LayerMember accented;
    accented.path = "caf\xc3\xa9";
    EXPECT_NE(std::string::npos, tar_header(accented).find("14 path=caf\xc3\xa9\n"));
}

TEST_F(LayerBlobs, threads_and_pieces_do_not_show_in_the_bytes) {
    std::vector<LayerEntry> entries{folder_entry("a")};
    for (unsigned i = 0; i < 9; ++i)
        entries.push_back(
            file_entry("a/" + std::to_string(i), noise(700'001, i) + std::string(900'000, 'x')));
    const Written one = write(entries, max_blob, 1);
    const Written many = write(entries, max_blob, 8);
    ASSERT_EQ(1U, one.blobs.size());
    EXPECT_EQ(one.blobs, many.blobs);
}

TEST_F(LayerBlobs, a_layer_above_the_limit_is_cut_between_files) {
    std::vector<LayerEntry> entries{folder_entry("opt"), folder_entry("opt/lib")};
    for (unsigned i = 0; i < 5; ++i)
        entries.push_back(file_entry("opt/lib/" + std::to_string(i), noise(3'000'000, i)));
    const Written cut = write(entries, 7'000'000, 3);
    ASSERT_EQ(3U, cut.blobs.size());
    for (const LayerBlob& blob : cut.blobs) EXPECT_LE(blob.size_bytes, 7'000'000U);
    // Each part brings the folders of its first file.
    for (const std::string& tar : cut.tars) {
        EXPECT_EQ("opt/", std::string(tar.c_str()));
        EXPECT_EQ("opt/lib/", std::string(tar.c_str() + 512));
    }
    EXPECT_EQ(cut.blobs, write(entries, 7'000'000, 1).blobs);
}

TEST_F(LayerBlobs, a_file_above_the_limit_is_a_layer_of_its_own) {
    const std::vector<LayerEntry> entries{file_entry("a", "small"), file_entry("b", noise(3'000'000, 1)),
                                          file_entry("c", "small")};
    EXPECT_EQ(3U, write(entries, 1'000'000, 2).blobs.size());
}

TEST_F(LayerBlobs, second_names_become_links_and_outside_ones_do_not_count) {
    const fs::path root = folder.path() / "root";
    folder.write("root/b/two", "same");
    fs::create_hard_link(root / "b/two", root / "b/three");
    folder.write("store/one", "shared");
    fs::create_hard_link(folder.path() / "store/one", root / "one");
    fs::create_symlink("../one", root / "b/link");
    ASSERT_EQ(0, ::chmod((root / "one").c_str(), 0711));
    ASSERT_EQ(0, ::chmod((root / "b").c_str(), 0700));
    const auto entries = entries_below(root);
    ASSERT_TRUE(entries);
    ASSERT_EQ(5U, entries->size());
    const auto at = [&](std::size_t i) { return (*entries)[i].member; };
    EXPECT_EQ((LayerMember{LayerMember::Kind::folder, "b", {}, 0, 0755, 0, 0}), at(0));
    EXPECT_EQ((LayerMember{LayerMember::Kind::symlink, "b/link", "../one", 0, 0777, 0, 0}), at(1));
    EXPECT_EQ((LayerMember{LayerMember::Kind::file, "b/three", {}, 4, 0644, 0, 0}), at(2));
    EXPECT_EQ((LayerMember{LayerMember::Kind::hardlink, "b/two", "b/three", 4, 0644, 0, 0}), at(3));
    EXPECT_EQ((LayerMember{LayerMember::Kind::file, "one", {}, 6, 0755, 0, 0}), at(4));
}

TEST_F(LayerBlobs, a_link_whose_file_is_in_an_earlier_part_becomes_the_file) {
    LayerEntry second = file_entry("z", noise(3'000'000, 1));
    second.member.kind = LayerMember::Kind::hardlink;
    second.member.link = "a";
    const Written cut = write({file_entry("a", noise(3'000'000, 1)), second}, 4'000'000, 2);
    ASSERT_EQ(2U, cut.tars.size());
    EXPECT_EQ('0', cut.tars[1][156]);
    EXPECT_EQ(cut.tars[0].substr(512, 3'000'000), cut.tars[1].substr(512, 3'000'000));
}

TEST_F(LayerBlobs, special_files_are_refused) {
    folder.write("root/file", "");
    ASSERT_EQ(0, ::mkfifo((folder.path() / "root/pipe").c_str(), 0644));
    const auto entries = entries_below(folder.path() / "root");
    ASSERT_FALSE(entries);
    EXPECT_EQ(ErrorCode::refused, entries.error().code);
}

}  // namespace
}  // namespace aimlock
