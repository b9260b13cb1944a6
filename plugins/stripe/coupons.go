package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// couponTemplate [R, within discounts from 2019-08-14 to 2025-10-29].
var couponTemplate = sdk.MustTemplate(`{"id":"","object":"coupon","amount_off":null,"created":0,"currency":null,"duration":"once","duration_in_months":null,"livemode":false,"max_redemptions":null,"metadata":{},"name":null,"percent_off":null,"redeem_by":null,"times_redeemed":0,"valid":true}`)

// completeCoupon checks that a coupon says how much and for how long
// [D docs.stripe.com/api/coupons/create, 2026-11]; wordings believed but for that
// of the missing parameter, which is [R].
func completeCoupon(r *request, d sdk.Doc) error {
	percent, amount := d.Get("percent_off"), d.Get("amount_off")
	switch {
	case percent.IsNull() == amount.IsNull():
		return invalid("", "", "You must pass either amount_off or percent_off, but not both.")
	case !percent.IsNull():
		f, err := strconv.ParseFloat(percent.String(), 64)
		if err != nil || f <= 0 || f > 100 {
			return invalid("", "percent_off", "Invalid percent_off: must be greater than 0 and less than or equal to 100.")
		}
		if f == float64(int64(f)) { // [R] 50.0
			d.SetNumber("percent_off", strconv.FormatFloat(f, 'f', 1, 64))
		}
	default:
		if r.text("currency") == "" {
			return invalid("parameter_missing", "currency", "Missing required param: currency.")
		}
		currency, err := r.currency("currency")
		if err != nil {
			return err
		}
		d.SetString("currency", currency)
	}
	if d.Get("duration").String() == "repeating" && d.Get("duration_in_months").IsNull() {
		return invalid("parameter_missing", "duration_in_months", "Missing required param: duration_in_months.")
	}
	return nil
}

// promotionCodeTemplate [S openapi 2024-04-10 and 2026-08-26].
var promotionCodeTemplate = sdk.MustTemplate(`{"id":"","object":"promotion_code","active":true,"code":"","coupon":null,"created":0,"customer":null,"expires_at":null,"livemode":false,"max_redemptions":null,"metadata":{},"promotion":{"coupon":"","type":"coupon"},"restrictions":{"first_time_transaction":false,"minimum_amount":null,"minimum_amount_currency":null},"times_redeemed":0}`)

// completePromotionCode joins a code with its coupon, which clients name by
// promotion since clover.
func completePromotionCode(r *request, d sdk.Doc) error {
	id, param := r.text("coupon"), "coupon"
	if v := r.text("promotion", "coupon"); v != "" {
		id, param = v, "promotion[coupon]"
	}
	coupon, ok := specOf["coupon"].collection.Get(r.Call, id)
	if !ok {
		return missing("coupon", id, param)
	}
	d.SetDoc("coupon", coupon)
	d.SetJSON("promotion", `{"coupon":"","type":"coupon"}`)
	d.Get("promotion").SetString("coupon", id)
	if d.Get("code").String() == "" {
		d.SetString("code", strings.ToUpper(r.Random(sdk.Objects, 8, sdk.Base62))) // [D docs.stripe.com/api/promotion_codes/create, 2026-11] made up
	}
	return nil
}
