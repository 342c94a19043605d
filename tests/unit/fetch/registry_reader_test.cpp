#include <gtest/gtest.h>

#include "fetch/registry/reader.hpp"

namespace aimlock {
namespace {

const std::string first(64, 'a');
const std::string second(64, 'b');

std::string place(std::string_view url) {
    const auto found = registry_place_of(url);
    return found ? found->text() : "error: " + found.error().message;
}

std::string layer(const std::string& type, const std::string& digest) {
    return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"("})";
}
std::string found_in(const std::string& manifest) {
    const auto found = find_repodata_layer(manifest, "host/artifact");
    return found ? found->digest.hex().substr(0, 2) + (found->is_gzip ? " gzip" : "")
                 : "error: " + found.error().message;
}

TEST(RegistryPlace, AFileOfAChannelIsARepository) {
    EXPECT_EQ(place("oci://h.example:5/a/linux-64/repodata.json"), "h.example:5/a/linux-64/repodata.json");
    EXPECT_EQ(place("oci://h.example/a/noarch/two-words-1!2.0+l-h_0.conda"), "h.example/a/noarch/two-words");
    EXPECT_EQ(place("oci://h.example/a/noarch/_mutex-1%212-main.tar.bz2"), "h.example/a/noarch/zzz_mutex");
}

TEST(RegistryPlace, WhatNoRepositoryIsCalledIsRefused) {
    for (const char* url : {"oci://h.example/a/noarch/../x-1-0.conda", "oci://h.example/a/noarch/-1-0.conda",
                            "oci://h.example/a/noarch/%2e%2e%2fx-1-0.conda", "oci://h.example/x-1-0.conda",
                            "oci://h.example/a/noarch/X-1-0.conda", "oci://h.example/a/noarch/x?y-1-0.conda",
                            "oci://h.example/a/blobs/uploads/-1-0.conda"})
        EXPECT_TRUE(place(url).starts_with("error: ")) << url << ": " << place(url);
}

TEST(RepodataLayer, TheBestFormThatIsKnownIsTaken) {
    const std::string plain = "application/vnd.conda.repodata.v1+json";
    const auto manifest = [](const std::string& layers) { return R"({"layers":[)" + layers + "]}"; };
    EXPECT_EQ(
        found_in(manifest(layer(plain, "sha256:" + first) + "," + layer(plain + "+zst", "sha256:" + second))),
        "bb");
    EXPECT_EQ(found_in(manifest(layer(plain + "+gzip", "sha256:" + first) + "," +
                                layer(plain, "sha256:" + second))),
              "aa gzip");
    EXPECT_EQ(
        found_in(manifest(layer(plain + "+bz2", "sha256:" + first) + "," + layer(plain, "sha256:" + second))),
        "aa");
}

TEST(RepodataLayer, WhatIsNoManifestOfRepodataIsRefused) {
    const std::string plain = "application/vnd.conda.repodata.v1+json";
    for (const std::string& manifest :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"layers":7})"),
          std::string(R"({"layers":[7]})"), R"({"layers":[)" + layer(plain, "sha512:" + first) + "]}",
          R"({"layers":[)" + layer(plain, "sha256:../../x") + "]}",
          R"({"layers":[)" + layer("text/plain", "sha256:" + first) + "]}"})
        EXPECT_TRUE(found_in(manifest).starts_with("error: host/artifact: ")) << manifest;
}

}  // namespace
}  // namespace aimlock
