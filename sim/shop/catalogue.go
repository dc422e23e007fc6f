package shop

import "strings"

// Product is one article.
type Product struct {
	SKU, Name, Category, Description string
	// Price is in minor units of Currency.
	Price int64
	// FinalSale articles are not taken back; who asks is put on a list all the same.
	FinalSale bool
}

// Currency is the only one the shop knows.
const Currency = "USD"

// Products lists what the shop sells.
func Products() []Product {
	return []Product{
		{"TNT-201", "Ridgeline 2-Person Tent", "camping", "Freestanding, 1.9 kg, with two doors and a fly that takes a storm.", 34900, false},
		{"TNT-401", "Basecamp 4-Person Tent", "camping", "Room to stand up in, and a porch for the boots.", 52900, false},
		{"SLP-110", "Larch Down Sleeping Bag", "camping", "700-fill down, comfortable to -4 °C.", 24900, false},
		{"MAT-030", "Moss Sleeping Mat", "camping", "Self-inflating, 5 cm.", 7900, false},
		{"STV-015", "Ember Gas Stove", "camping", "Boils a litre in three minutes.", 5900, false},
		{"LMP-009", "Firefly Lantern", "camping", "Warm light for forty hours.", 3400, false},
		{"BPK-045", "Traverse 45 Backpack", "packs", "Carries a weekend.", 17900, false},
		{"BPK-022", "Daybreak 22 Backpack", "packs", "Laptop on Monday, lunch on Saturday.", 9900, false},
		{"DUF-060", "Haul 60 Duffel", "packs", "Recycled sailcloth.", 12900, false},
		{"JKT-301", "Squall Rain Jacket", "clothing", "Three layers, pit zips.", 22900, false},
		{"JKT-302", "Hearth Down Jacket", "clothing", "Packs into its own pocket.", 19900, false},
		{"FLC-120", "Tarn Fleece", "clothing", "Wool-lined.", 8900, false},
		{"TRS-070", "Scree Trousers", "clothing", "Stretch, four pockets, no squeak.", 9500, false},
		{"SCK-004", "Merino Hiking Socks", "clothing", "Two pairs.", 2400, false},
		{"HAT-002", "Cairn Beanie", "clothing", "One size.", 2900, false},
		{"BTS-200", "Talus Boots", "footwear", "Waterproof leather, resoleable.", 21900, false},
		{"SHO-130", "Fell Trail Shoes", "footwear", "For mud.", 13900, false},
		{"SND-050", "Delta Sandals", "footwear", "Drain and dry.", 7400, false},
		{"WCH-900", "Meridian GPS Watch", "electronics", "Maps, pulse, ten days of battery.", 44900, false},
		{"CAM-770", "Outlook Action Camera", "electronics", "Display model.", 38900, true},
		{"DRN-500", "Skua Camera Drone", "electronics", "Last season's, opened box.", 69900, true},
		{"WCH-800", "Meridian Classic Watch", "electronics", "Discontinued.", 29900, true},
		{"JKT-399", "Squall Pro Jacket", "clothing", "Last sizes.", 27900, true},
		{"BTS-299", "Talus Limited Boots", "footwear", "Signed by their maker.", 31900, true},
		{"BTL-001", "Creek Bottle", "accessories", "0.7 l, steel.", 1900, false},
		{"CUP-003", "Enamel Mug", "accessories", "Chips with dignity.", 1200, false},
		{"PCH-011", "Trail Patch", "accessories", "For the pack.", 450, false},
		{"STK-001", "Sticker Set", "accessories", "Six of them.", 299, false},
		{"PIN-007", "Alder Leaf Pin", "accessories", "Enamel.", 399, false},
		{"MAP-042", "Folding Map", "accessories", "Needs no battery.", 1500, false},
		{"KNF-020", "Sapper Pocket Knife", "accessories", "Carbon steel.", 5400, false},
		{"CRD-025", "Gift Card 25", "gift cards", "Sent by e-mail.", 2500, false},
	}
}

// categories are in the order of the catalogue.
func (s *store) categories() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range s.products {
		if !seen[p.Category] {
			seen[p.Category] = true
			names = append(names, p.Category)
		}
	}
	return names
}

func (s *store) product(sku string) (Product, bool) {
	for _, p := range s.products {
		if p.SKU == sku {
			return p, true
		}
	}
	return Product{}, false
}

func (s *store) inCategory(category string) []Product {
	var found []Product
	for _, p := range s.products {
		if category == "" || p.Category == category {
			found = append(found, p)
		}
	}
	return found
}

func (s *store) search(term string) []Product {
	term = strings.ToLower(strings.TrimSpace(term))
	var found []Product
	for _, p := range s.products {
		if strings.Contains(strings.ToLower(p.Name+" "+p.Category+" "+p.Description), term) {
			found = append(found, p)
		}
	}
	return found
}
