#include "image/oci/oci_base.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "image/oci/ground_layer.hpp"
#include "tests/support/archive_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using testing::TarMember;

/// Writes OCI layouts by hand.
class Base : public ::testing::Test {
protected:
    std::string blob(const std::string& bytes) {
        const std::string name = sha256_of(bytes).hex();
        layout.write("layout/blobs/sha256/" + name, bytes);
        return "sha256:" + name;
    }

    /// An image of plain layers, the bottom first; its descriptor.
    Json image(const std::vector<std::string>& tars, const std::string& architecture = "amd64") {
        Json layers = Json::array();
        Json ids = Json::array();
        for (const std::string& tar : tars) {
            layers.push_back({{"mediaType", "application/vnd.oci.image.layer.v1.tar"},
                              {"digest", blob(tar)},
                              {"size", tar.size()}});
            ids.push_back(blob(tar));
        }
        const std::string config =
            Json{{"architecture", architecture}, {"os", "linux"}, {"rootfs", {{"diff_ids", ids}}}}.dump();
        const std::string manifest = Json{{"config", {{"digest", blob(config)}}}, {"layers", layers}}.dump();
        return {{"digest", blob(manifest)}, {"platform", {{"os", "linux"}, {"architecture", architecture}}}};
    }

    static Json called(Json descriptor, const std::string& name) {
        descriptor["annotations"]["org.opencontainers.image.ref.name"] = name;
        return descriptor;
    }

    Result<OciBase> open(const std::vector<Json>& manifests, const std::string& reference = {}) {
        layout.write("layout/index.json", Json{{"manifests", manifests}}.dump());
        return open_base({layout.path() / "layout", reference, "linux-64"}, layout.path() / "scratch");
    }

    testing::TempDir layout;
};

std::string tar(const std::vector<TarMember>& members) {
    return testing::tar_of(members);
}

TEST_F(Base, platform_and_name_choose_among_several) {
    const Json arm = image({tar({{"arm", ""}})}, "arm64");
    const Json first = called(image({tar({{"one", ""}})}), "1");
    const Json second = called(image({tar({{"two", ""}})}), "2");
    const auto base = open({arm, first, second}, "registry.example/team/image:2");
    ASSERT_TRUE(base) << base.error().message;
    EXPECT_EQ(second["digest"], base->digest);
    const auto unknown = open({first, second}, "image:3");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("none is called `image:3`"));
    EXPECT_FALSE(open(std::vector{arm}));
}

TEST_F(Base, an_index_in_the_index_is_followed) {
    const Json inner = image({tar({{"x", ""}})});
    const std::vector<Json> both = {image({tar({{"arm", ""}})}, "arm64"), inner};
    const std::string index = Json{{"manifests", both}}.dump();
    const std::string outer = blob(index);
    const auto base = open({Json{{"digest", outer}}}, "image:1@" + outer);
    ASSERT_TRUE(base) << base.error().message;
    EXPECT_EQ(inner["digest"], base->digest);
}

TEST_F(Base, another_digest_than_the_pinned_one_is_refused) {
    const Json only = image({tar({{"x", ""}})});
    EXPECT_TRUE(open(std::vector{only}, "image:1@" + only["digest"].get<std::string>()));
    const auto moved = open(std::vector{only}, "image:1@sha256:" + std::string(64, '0'));
    ASSERT_FALSE(moved);
    EXPECT_EQ(ErrorCode::integrity, moved.error().code);
}

TEST_F(Base, a_damaged_document_is_found) {
    const Json only = image({tar({{"x", ""}})});
    layout.write("layout/blobs/sha256/" + only["digest"].get<std::string>().substr(7), "{}");
    const auto base = open(std::vector{only});
    ASSERT_FALSE(base);
    EXPECT_EQ(ErrorCode::integrity, base.error().code);
}

TEST_F(Base, upper_layers_decide_and_whiteouts_remove) {
    const auto base = open(std::vector{image({tar({{"etc/", "", '5'},
                                                   {"etc/passwd", "low"},
                                                   {"etc/hosts", "low"},
                                                   {"a/b", "low"},
                                                   {"c/d", "low"},
                                                   {"./e", "low"}}),
                                              tar({{"etc/passwd", "high"},
                                                   {"etc/.wh.hosts", ""},
                                                   {"a/.wh..wh..opq", ""},
                                                   {"c", "", '2', "elsewhere"}})})});
    ASSERT_TRUE(base) << base.error().message;
    RootLookup lookup;
    for (const char* path : {"etc", "etc/passwd", "etc/hosts", "a/b", "c/d", "e", "nowhere"})
        lookup[path] = std::nullopt;
    ASSERT_TRUE(look_up_in_base(*base, lookup));
    EXPECT_EQ(RootEntry::Kind::folder, lookup["etc"]->kind);
    EXPECT_EQ("high", lookup["etc/passwd"]->content);
    EXPECT_EQ(RootEntry::Kind::absent, lookup["etc/hosts"]->kind);
    EXPECT_EQ(RootEntry::Kind::absent, lookup["a/b"]->kind);
    EXPECT_EQ(RootEntry::Kind::absent, lookup["c/d"]->kind);
    EXPECT_EQ("low", lookup["e"]->content);
    EXPECT_FALSE(lookup["nowhere"]);
}

TEST_F(Base, the_account_is_added_once_and_folders_keep_their_mode) {
    const auto base = open(std::vector{image({tar({{"etc/", "", '5', "", 0711},
                                                   {"etc/passwd", "root:x:0:0::/root:/bin/sh", '0', "", 0600},
                                                   {"srv/", "", '5', "", 01777}})})});
    ASSERT_TRUE(base) << base.error().message;
    ImageManifest image;
    image.workdir = "/srv/deep";
    const auto entries = ground_entries(image, &*base);
    ASSERT_TRUE(entries) << entries.error().message;
    std::map<std::string, LayerEntry> by_path;
    for (const LayerEntry& entry : *entries) by_path[entry.member.path] = entry;
    EXPECT_EQ("root:x:0:0::/root:/bin/sh\naimlock:x:1000:1000::/home/aimlock:/bin/sh\n",
              by_path["etc/passwd"].content);
    EXPECT_EQ(0600U, by_path["etc/passwd"].member.mode);
    EXPECT_EQ(0711U, by_path["etc"].member.mode);
    EXPECT_EQ(01777U, by_path["srv"].member.mode);
    EXPECT_EQ(0U, by_path["srv"].member.user);
    EXPECT_EQ(1000U, by_path["srv/deep"].member.user);
    image.user = "0:0";
    EXPECT_EQ(2U, ground_entries(image, &*base)->size());
}

TEST_F(Base, a_known_user_gets_no_second_account) {
    const auto base = open(
        std::vector{image({tar({{"etc/passwd", "root:x:0:0::/:\njoe:x:1000:1000::/home/joe:/bin/sh\n"}})})});
    ASSERT_TRUE(base);
    const auto entries = ground_entries({}, &*base);
    ASSERT_TRUE(entries);
    for (const LayerEntry& entry : *entries) EXPECT_NE("etc/passwd", entry.member.path);
}

TEST_F(Base, a_link_in_the_place_of_a_folder_is_refused) {
    const auto base = open(std::vector{image({tar({{"opt", "", '2', "usr/opt"}})})});
    ASSERT_TRUE(base);
    const auto entries = ground_entries({}, &*base);
    ASSERT_FALSE(entries);
    EXPECT_THAT(entries.error().message, HasSubstr("/opt is no folder"));
}

}  // namespace
}  // namespace aimlock
